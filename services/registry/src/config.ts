import { type ConfigOf, defineConfig, sharedSettings } from '@lethe/service-kit';

export const registrySettings = defineConfig({
  ...sharedSettings,
  projection: {
    env: 'LETHE_REGISTRY_PROJECTION',
    flag: 'projection',
    type: 'string',
    default: 'lethe-home/registry.sqlite',
    help: 'SQLite file with the state of every request, made anew from the bus when missing; the dead letters lie in a second one beside it.',
  },
});

export type RegistryConfig = ConfigOf<typeof registrySettings>;
