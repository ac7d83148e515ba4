import { defineConfig } from 'vitest/config';

/** Whole pipelines on real servers, one file after the other: each starts what it needs. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/support/servers/announce-servers.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
