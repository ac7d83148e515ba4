import { configDefaults, defineConfig } from 'vitest/config';
import { onKubernetes } from './vitest.deploy.config.ts';
import { examples } from './vitest.examples.config.ts';
import { onServers } from './vitest.integration.config.ts';
import { realNetworks } from './vitest.models.config.ts';
import { onOperations } from './vitest.operations.config.ts';

export default defineConfig({
  test: {
    include: ['{packages,services,apps}/*/src/**/*.test.ts', '{test,bench}/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...onServers,
      ...onKubernetes,
      ...examples,
      ...onOperations,
      ...realNetworks,
      'test/console/**',
      'test/gpu/**',
      'test/images/**',
    ],
    globalSetup: ['test/support/servers/announce-servers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // How long expect.poll waits for something to become true; a busy machine is no failure.
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // One more than the two cores of CI: what waits for a server or a time-out leaves its core idle.
    maxWorkers: 3,
  },
});
