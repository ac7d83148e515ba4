export { type RegistryConfig, registrySettings } from './config.ts';
export { createRegistryService, type RegistryDependencies } from './service.ts';
