import {
  type ConfigOf,
  defineConfig,
  legalClockSettings,
  sharedSettings,
} from '@lethe/service-kit';

export const ingestSettings = defineConfig({
  ...sharedSettings,
  ...legalClockSettings,
  index: {
    env: 'LETHE_INGEST_INDEX',
    flag: 'index',
    type: 'string',
    default: 'lethe-home/ingest.sqlite',
    help: 'SQLite file of the requests taken in.',
  },
  httpAddress: {
    env: 'LETHE_HTTP_ADDRESS',
    flag: 'http-address',
    type: 'string',
    default: '127.0.0.1:0',
    help: 'HOST:PORT to serve HTTP on; port 0 takes a free one.',
  },
  keys: {
    env: 'LETHE_KEYS',
    flag: 'keys',
    type: 'string',
    default: 'lethe-home/keys',
    help: 'Folder of the keys that sign receipts and key request digests; made when there is none. Every intake needs the same request-digest.key.',
  },
  emitter: {
    env: 'LETHE_EMITTER',
    flag: 'emitter',
    type: 'string',
    default: 'default',
    help: 'Emitter of requests that state none.',
  },
  intakeSources: {
    env: 'LETHE_INTAKE_SOURCES',
    flag: 'intake-sources',
    type: 'string',
    default: '',
    help: 'JSON file { "<CloudEvents source>": "<emitter>", … } for events of the intake topic. Without it a source is the name of its emitter.',
  },
});

export type IngestConfig = ConfigOf<typeof ingestSettings>;
