#!/usr/bin/env node
import { ComputeProcess } from '@lethe/compute';
import { LineageStore } from '@lethe/lineage';
import {
  observeWorkers,
  runAlone,
  systemClock,
  workerDied,
  workerLimitsOf,
} from '@lethe/service-kit';
import { unlearnerConfigTable } from './config.ts';
import { createUnlearnerService } from './service.ts';

await runAlone({
  name: 'unlearner',
  purpose: 'makes models forget, round by round.',
  settings: unlearnerConfigTable,
  create: async ({ context, config, log, bus, store, blobs }) => {
    const compute = context.stack.use(
      new ComputeProcess({
        backend: { prefer: config.backend },
        ...workerLimitsOf(config),
        onDeath: (reason) => workerDied(log, 'unlearner', reason),
      }),
    );
    context.stack.use(observeWorkers('unlearner', () => compute.usage()));
    const { name, description, absent } = await compute.backend();
    log.info('computing', { backend: name, description, absent });
    return createUnlearnerService({
      bus,
      lineages: new LineageStore(store, blobs),
      compute,
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    });
  },
});
