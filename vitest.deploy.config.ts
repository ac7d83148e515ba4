import { defineConfig } from 'vitest/config';

/** What needs a real API server of Kubernetes, or kustomize: not part of `npm test`. */
export const onKubernetes = ['test/deploy/on-kubernetes/**/*.test.ts'];

export default defineConfig({
  test: {
    include: ['test/deploy/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
