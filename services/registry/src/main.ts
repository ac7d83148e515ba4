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
import { registrySettings } from './config.ts';
import { createRegistryService } from './service.ts';

await runService(async (context) => {
  if (wantsHelp(context.argv)) {
    process.stdout.write(configHelp('Lethe registry: says what serves.', registrySettings));
    return;
  }
  const config = readConfig(registrySettings, context);
  const log = createLog({ service: 'registry', level: config.logLevel, format: config.logFormat });
  const bus = context.stack.use(await openBus(config.bus));
  const store = context.stack.use(await openStore(config.store));
  await requireConformance(store);
  const service = createRegistryService({
    bus,
    lineage: new LineageStore(store, new BlobStore(store)),
    projectionFile: config.projection,
    log,
    onFatal: context.fail,
  });
  await serveAlone(service, { context, grpcAddress: config.grpcAddress, log });
});
