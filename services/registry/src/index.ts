export { callbacksOf, type RegistryConfig, registrySettings, retentionOf } from './config.ts';
export type { Retention } from './maintenance.ts';
export { createRegistryService, type RegistryDependencies } from './service.ts';
