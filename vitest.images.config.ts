import { defineConfig } from 'vitest/config';

/** Builds the container images and runs them: as root, with buildah and mmdebstrap; not part of CI. */
export default defineConfig({
  test: {
    include: ['test/images/**/*.test.ts'],
    testTimeout: 900_000,
    hookTimeout: 5_400_000,
    expect: { poll: { timeout: 120_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
