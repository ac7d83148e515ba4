export {
  callbacksOf,
  consoleOf,
  type RegistryConfig,
  registrySettings,
  retentionOf,
} from './config.ts';
export type { ConsoleOptions } from './console/serve-console.ts';
export { deadLetterIndexVersion } from './dead-letters/dead-letter-index.ts';
export type { Retention } from './maintenance.ts';
export { projectionVersion } from './requests/request-schema.ts';
export {
  createRegistryService,
  type RegistryDependencies,
  type RegistryService,
} from './service.ts';
