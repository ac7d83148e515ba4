#!/usr/bin/env node
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
import { unlearnerConfigTable } from './config.ts';
import { createUnlearnerService } from './service.ts';

await runService(async (context) => {
  if (context.argv.includes('--help')) {
    process.stdout.write(configHelp('lethe-unlearner', unlearnerConfigTable));
    return;
  }
  const config = readConfig(unlearnerConfigTable, context);
  const log = createLog({ service: 'unlearner', level: config.logLevel, format: config.logFormat });
  const bus = context.stack.use(await openBus(config.bus));
  const store = context.stack.use(await openStore(config.store));
  await requireConformance(store);
  const compute = context.stack.use(new ComputeProcess({ backend: { prefer: config.backend } }));
  const { name, description, absent } = await compute.backend();
  log.info('computing', { backend: name, description, absent });
  const service = createUnlearnerService({
    bus,
    lineages: new LineageStore(store, new BlobStore(store, { cacheFolder: config.cache })),
    compute,
    config,
    clock: systemClock,
    log,
    onFatal: context.fail,
  });
  await serveAlone(service, { context, grpcAddress: config.grpcAddress, log });
});
