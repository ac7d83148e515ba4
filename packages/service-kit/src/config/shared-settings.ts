import { securitySettings } from '../security/security-settings.ts';
import { busSettings } from './bus-settings.ts';
import { defineConfig } from './config-table.ts';
import { storeSettings } from './store-settings.ts';

/** Settings that every service has; spread them into its own table. */
export const sharedSettings = defineConfig({
  ...busSettings,
  ...storeSettings,
  ...securitySettings,
  cache: {
    env: 'LETHE_CACHE',
    flag: 'cache',
    type: 'string',
    default: 'lethe-home/cache',
    help: 'Folder for files fetched from the object store; may be emptied at any time.',
  },
  grpcAddress: {
    env: 'LETHE_GRPC_ADDRESS',
    flag: 'grpc-address',
    type: 'string',
    default: '127.0.0.1:0',
    help: 'HOST:PORT to serve gRPC on; port 0 takes a free one.',
  },
  opsAddress: {
    env: 'LETHE_OPS_ADDRESS',
    flag: 'ops-address',
    type: 'string',
    default: '',
    help: 'HOST:PORT to serve /livez, /readyz and /metrics on, over plain HTTP; empty: not served.',
  },
  logLevel: {
    env: 'LETHE_LOG_LEVEL',
    flag: 'log-level',
    type: 'string',
    choices: ['debug', 'info', 'warn', 'error', 'fatal'],
    default: 'info',
    help: 'Least severe level that is logged.',
  },
  logFormat: {
    env: 'LETHE_LOG_FORMAT',
    flag: 'log-format',
    type: 'string',
    choices: ['auto', 'json', 'pretty'],
    default: 'auto',
    help: 'auto: one readable line on a terminal, JSON elsewhere.',
  },
});
