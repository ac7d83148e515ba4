import { defineConfig } from 'vitest/config';

/** With a real Prometheus, promtool and Jaeger, or a `lethe up` of its own: not part of `npm test`. */
export const onOperations = [
  'test/operations/{alerts,collector-trouble,jaeger,jaeger-on-kafka,prometheus}.test.ts',
];

export default defineConfig({
  test: {
    include: [...onOperations],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
