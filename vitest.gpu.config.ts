import { defineConfig } from 'vitest/config';

/** On WebGPU, a GPU in software where there is no other: not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/gpu/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
