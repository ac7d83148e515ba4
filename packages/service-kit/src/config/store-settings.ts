import { defineConfig } from './config-table.ts';

/** Settings of whoever opens the object store. */
export const storeSettings = defineConfig({
  store: {
    env: 'LETHE_STORE',
    flag: 'store',
    type: 'string',
    default: 'folder:lethe-home/store',
    help: 'Object store: folder:PATH, or s3:https://HOST:PORT/BUCKET[/PREFIX].',
  },
  storeAccessKeyFile: {
    env: 'LETHE_STORE_ACCESS_KEY_FILE',
    flag: 'store-access-key-file',
    type: 'string',
    default: '',
    help: 'File with the access key of the S3 store; read again when it changes.',
  },
  storeSecretKeyFile: {
    env: 'LETHE_STORE_SECRET_KEY_FILE',
    flag: 'store-secret-key-file',
    type: 'string',
    default: '',
    help: 'File with the secret key of the S3 store; read again when it changes.',
  },
  storeCaFile: {
    env: 'LETHE_STORE_CA_FILE',
    flag: 'store-ca-file',
    type: 'string',
    default: '',
    help: 'PEM file of the authorities that sign the certificate of the S3 store. Empty: those that Node knows.',
  },
  storeRegion: {
    env: 'LETHE_STORE_REGION',
    flag: 'store-region',
    type: 'string',
    default: 'us-east-1',
    help: 'Region of the S3 store.',
  },
  storeTimeoutMs: {
    env: 'LETHE_STORE_TIMEOUT_MS',
    flag: 'store-timeout-ms',
    type: 'integer',
    default: 15_000,
    unit: 'ms',
    range: [100, 600_000],
    help: 'How long the S3 store may say nothing before a request is given up.',
  },
  storeAllowInsecure: {
    env: 'LETHE_STORE_ALLOW_INSECURE',
    flag: 'store-allow-insecure',
    type: 'boolean',
    default: false,
    help: 'Allow an S3 store on another machine without TLS: keys and models can then be read and changed on the way.',
  },
});
