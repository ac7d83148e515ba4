#!/usr/bin/env node
import { LineageStore } from '@lethe/lineage';
import { runAlone } from '@lethe/service-kit';
import { registrySettings } from './config.ts';
import { createRegistryService } from './service.ts';

await runAlone({
  name: 'registry',
  purpose: 'says what serves.',
  settings: registrySettings,
  create: ({ context, config, log, bus, store, blobs }) =>
    createRegistryService({
      bus,
      lineage: new LineageStore(store, blobs),
      projectionFile: config.projection,
      log,
      onFatal: context.fail,
    }),
});
