import { defineConfig } from 'vitest/config';

/** What docs/emitters.md shows, run as a user would: needs python3 and java, and the Kafka of the servers. */
export const examples = ['test/examples/**/*.test.ts'];

export default defineConfig({
  test: {
    include: [...examples],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
