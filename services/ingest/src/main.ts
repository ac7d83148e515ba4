#!/usr/bin/env node
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { legalClocksOf, runAlone } from '@lethe/service-kit';
import { ingestSettings } from './config.ts';
import { createIngestService } from './service.ts';
import { EmitterSources } from './topic/emitter-sources.ts';

await runAlone({
  name: 'ingest',
  purpose: 'takes deletion requests in.',
  settings: ingestSettings,
  create: ({ context, config, log, security, bus, store, blobs }) =>
    createIngestService({
      bus,
      lineage: new LineageStore(store, blobs),
      indexFile: config.index,
      httpAddress: config.httpAddress,
      defaultEmitter: config.emitter,
      sources: EmitterSources.read(config.intakeSources),
      onFatal: context.fail,
      security,
      keys: KeyRing.open(config.keys, new Date()),
      legalClocks: legalClocksOf(config),
      log,
    }),
});
