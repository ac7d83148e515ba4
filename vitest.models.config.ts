import { defineConfig } from 'vitest/config';

/** Whole networks: imported ones on all real test images, and one of every kind that forgets. */
export const realNetworks = [
  'packages/models/src/pytorch/cifar-resnet*.images.test.ts',
  'test/generality/**/*.test.ts',
];

export default defineConfig({
  test: {
    include: [...realNetworks],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
