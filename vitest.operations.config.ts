import { defineConfig } from 'vitest/config';

/** With a real Prometheus and promtool: not part of `npm test`. */
export const onOperations = ['test/operations/{alerts,prometheus}.test.ts'];

export default defineConfig({
  test: {
    include: [...onOperations],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
