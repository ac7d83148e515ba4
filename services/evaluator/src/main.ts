#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { defaultPolicy, policyDigest, readPolicy } from '@lethe/gate';
import { LineageStore } from '@lethe/lineage';
import {
  observeWorkers,
  runAlone,
  systemClock,
  workerDied,
  workerLimitsOf,
} from '@lethe/service-kit';
import { openComputePool } from './compute-pool.ts';
import { evaluatorConfigTable } from './config.ts';
import { readHeldKey } from './held/held-key-file.ts';
import { createEvaluatorService } from './service.ts';

await runAlone({
  name: 'evaluator',
  purpose: 'judges new versions before they may serve.',
  settings: evaluatorConfigTable,
  create: async ({ context, config, log, bus, store, blobs }) => {
    const policy =
      config.policy === '' ? defaultPolicy : readPolicy(await readFile(config.policy, 'utf8'));
    log.info('the gate is open', { policy: policy.name, policyDigest: policyDigest(policy) });
    const compute = context.stack.use(
      openComputePool(config.evaluations, {
        backend: { prefer: config.backend },
        ...workerLimitsOf(config),
        onDeath: (reason) => workerDied(log, 'evaluator', reason),
      }),
    );
    context.stack.use(observeWorkers('evaluator', () => compute.usage()));
    return createEvaluatorService({
      bus,
      lineages: new LineageStore(store, blobs),
      compute,
      policy,
      heldKey: config.heldKeyFile === '' ? undefined : await readHeldKey(config.heldKeyFile),
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    });
  },
});
