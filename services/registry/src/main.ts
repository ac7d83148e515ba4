#!/usr/bin/env node
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { legalClocksOf, runAlone } from '@lethe/service-kit';
import { callbacksOf, consoleOf, registrySettings, retentionOf } from './config.ts';
import { createRegistryService } from './service.ts';

await runAlone({
  name: 'registry',
  purpose: 'says what serves.',
  settings: registrySettings,
  create: async ({ context, config, log, security, bus, store, blobs }) => {
    const options = consoleOf(config);
    return createRegistryService({
      bus,
      lineage: new LineageStore(store, blobs),
      projectionFile: config.projection,
      keys: KeyRing.open(config.keys, new Date()),
      retention: retentionOf(config),
      fourEyes: config.fourEyes,
      callbacks: await callbacksOf(config),
      legalClocks: legalClocksOf(config),
      log,
      onFatal: context.fail,
      security,
      ...(options === undefined ? {} : { console: options }),
    });
  },
});
