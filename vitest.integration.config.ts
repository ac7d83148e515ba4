import { defineConfig } from 'vitest/config';

/** Whole pipelines on real servers, and what takes a broker long: not part of `npm test`. */
export const onServers = [
  'test/integration/**/*.test.ts',
  'packages/bus/src/kafka-bus.{traps,security}.test.ts',
  'apps/cli/src/commands/topics-apply.test.ts',
  'test/pipeline/object-store-commands.test.ts',
  'test/support/servers/kafka-cluster.test.ts',
];

/** Each file starts what it needs. Two at a time: most of what each does is to wait. */
export default defineConfig({
  test: {
    include: [...onServers],
    globalSetup: ['test/support/servers/announce-servers.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
