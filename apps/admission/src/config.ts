import { type ConfigOf, defineConfig, sharedSettings } from '@lethe/service-kit';

const { opsAddress, logLevel, logFormat } = sharedSettings;

export const admissionSettings = defineConfig({
  opsAddress,
  logLevel,
  logFormat,
  address: {
    env: 'LETHE_ADMISSION_ADDRESS',
    flag: 'address',
    type: 'string',
    default: '127.0.0.1:0',
    help: 'HOST:PORT to answer the API server on, over HTTPS; port 0 takes a free one.',
  },
  certFile: {
    env: 'LETHE_TLS_CERT_FILE',
    flag: 'tls-cert-file',
    type: 'string',
    help: 'PEM file with the certificate that the API server is shown, and that the registry is; read again when it changes.',
  },
  keyFile: {
    env: 'LETHE_TLS_KEY_FILE',
    flag: 'tls-key-file',
    type: 'string',
    help: 'PEM file with the key of that certificate.',
  },
  registryAddress: {
    env: 'LETHE_ADDRESS',
    flag: 'registry',
    type: 'string',
    help: 'HOST:PORT of the registry, which decides.',
  },
  registryCaFile: {
    env: 'LETHE_TLS_CA',
    flag: 'tls-ca',
    type: 'string',
    default: '',
    help: 'PEM file of the authorities that sign the certificate of the registry. Empty: the registry is asked in plaintext.',
  },
  registryTimeoutMs: {
    env: 'LETHE_ADMISSION_TIMEOUT_MS',
    flag: 'timeout-ms',
    type: 'integer',
    default: 3_000,
    range: [100, 25_000],
    unit: 'ms',
    help: 'How long the registry may take; less than timeoutSeconds of the webhook, so that its reason is heard.',
  },
  maxReviews: {
    env: 'LETHE_ADMISSION_MAX_REVIEWS',
    flag: 'max-reviews',
    type: 'integer',
    default: 32,
    range: [1, 1_000],
    unit: 'reviews',
    help: 'How many reviews are answered at once; the API server is told to try the others again in a second.',
  },
});

export type AdmissionConfig = ConfigOf<typeof admissionSettings>;
