import { defineConfig } from 'vitest/config';

/** The console in a real browser: not part of `npm test`. One run of Lethe, looked at step by step. */
export default defineConfig({
  test: {
    include: ['test/console/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
