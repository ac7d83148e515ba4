#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { ComputeProcess } from '@lethe/compute';
import { LineageStore } from '@lethe/lineage';
import {
  configHelp,
  createLog,
  openBus,
  openStore,
  readConfig,
  runService,
  serveAlone,
  systemClock,
} from '@lethe/service-kit';
import { BlobStore, requireConformance } from '@lethe/store';
import { evaluatorConfigTable } from './config.ts';
import { defaultPolicy, policyDigest } from './domain/policy.ts';
import { readPolicy } from './domain/read-policy.ts';
import { createEvaluatorService } from './service.ts';

await runService(async (context) => {
  if (context.argv.includes('--help')) {
    process.stdout.write(configHelp('lethe-evaluator', evaluatorConfigTable));
    return;
  }
  const config = readConfig(evaluatorConfigTable, context);
  const log = createLog({ service: 'evaluator', level: config.logLevel, format: config.logFormat });
  const policy =
    config.policy === '' ? defaultPolicy : readPolicy(await readFile(config.policy, 'utf8'));
  log.info('the gate is open', { policy: policy.name, policyDigest: policyDigest(policy) });
  const bus = context.stack.use(await openBus(config.bus));
  const store = context.stack.use(await openStore(config.store));
  await requireConformance(store);
  const compute = context.stack.use(new ComputeProcess({ backend: { prefer: config.backend } }));
  const service = createEvaluatorService({
    bus,
    lineages: new LineageStore(store, new BlobStore(store, { cacheFolder: config.cache })),
    compute,
    policy,
    config,
    clock: systemClock,
    log,
    onFatal: context.fail,
  });
  await serveAlone(service, { context, grpcAddress: config.grpcAddress, log });
});
