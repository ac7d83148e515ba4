#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { ComputeProcess } from '@lethe/compute';
import { LineageStore } from '@lethe/lineage';
import { runAlone, systemClock } from '@lethe/service-kit';
import { evaluatorConfigTable } from './config.ts';
import { defaultPolicy, policyDigest } from './domain/policy.ts';
import { readPolicy } from './domain/read-policy.ts';
import { createEvaluatorService } from './service.ts';

await runAlone({
  name: 'evaluator',
  purpose: 'judges new versions before they may serve.',
  settings: evaluatorConfigTable,
  create: async ({ context, config, log, bus, store, blobs }) => {
    const policy =
      config.policy === '' ? defaultPolicy : readPolicy(await readFile(config.policy, 'utf8'));
    log.info('the gate is open', { policy: policy.name, policyDigest: policyDigest(policy) });
    return createEvaluatorService({
      bus,
      lineages: new LineageStore(store, blobs),
      compute: context.stack.use(new ComputeProcess({ backend: { prefer: config.backend } })),
      policy,
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    });
  },
});
