import { LineageStore } from '@lethe/lineage';
import {
  configHelp,
  createLog,
  openBus,
  openStore,
  readConfig,
  runService,
  serveAlone,
  wantsHelp,
} from '@lethe/service-kit';
import { BlobStore, requireConformance } from '@lethe/store';
import { ingestSettings } from './config.ts';
import { createIngestService } from './service.ts';

await runService(async (context) => {
  if (wantsHelp(context.argv)) {
    process.stdout.write(configHelp('Lethe ingest: takes deletion requests in.', ingestSettings));
    return;
  }
  const config = readConfig(ingestSettings, context);
  const log = createLog({ service: 'ingest', level: config.logLevel, format: config.logFormat });
  const bus = context.stack.use(await openBus(config.bus));
  const store = context.stack.use(await openStore(config.store));
  await requireConformance(store);
  const lineage = new LineageStore(store, new BlobStore(store, { cacheFolder: config.cache }));
  const service = createIngestService({
    bus,
    lineage,
    indexFile: config.index,
    httpAddress: config.httpAddress,
    defaultEmitter: config.emitter,
    log,
  });
  await serveAlone(service, { context, grpcAddress: config.grpcAddress, log });
});
