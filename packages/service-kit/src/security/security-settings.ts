import { defineConfig } from '../config/config-table.ts';

/** Settings of whoever listens: TLS, and who may call. */
export const securitySettings = defineConfig({
  tlsCertFile: {
    env: 'LETHE_TLS_CERT_FILE',
    flag: 'tls-cert-file',
    type: 'string',
    default: '',
    help: 'PEM file with the certificate of this server and its chain; read again when it changes. Empty: no TLS.',
  },
  tlsKeyFile: {
    env: 'LETHE_TLS_KEY_FILE',
    flag: 'tls-key-file',
    type: 'string',
    default: '',
    help: 'PEM file with the key of that certificate.',
  },
  tlsClientCaFile: {
    env: 'LETHE_TLS_CLIENT_CA_FILE',
    flag: 'tls-client-ca-file',
    type: 'string',
    default: '',
    help: 'PEM file of the authorities whose client certificates are taken. Empty: none are asked for.',
  },
  tlsRequireClientCertificate: {
    env: 'LETHE_TLS_REQUIRE_CLIENT_CERTIFICATE',
    flag: 'tls-require-client-certificate',
    type: 'boolean',
    default: false,
    help: 'Turn clients without a certificate away, also those that have a token.',
  },
  identitiesFile: {
    env: 'LETHE_IDENTITIES_FILE',
    flag: 'identities-file',
    type: 'string',
    default: '',
    help: 'JSON file of who may call: names, roles, digests of tokens, names in certificates; read again when it changes. Empty: everybody may do everything.',
  },
  listenAllowInsecure: {
    env: 'LETHE_LISTEN_ALLOW_INSECURE',
    flag: 'listen-allow-insecure',
    type: 'boolean',
    default: false,
    help: 'Allow to listen for other machines without TLS or without identities.',
  },
});
