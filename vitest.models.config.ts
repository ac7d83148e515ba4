import { defineConfig } from 'vitest/config';

/** Whole networks on all real test images: the longest work of one thread there is. */
export const realNetworks = ['packages/models/src/pytorch/cifar-resnet*.images.test.ts'];

export default defineConfig({
  test: {
    include: [...realNetworks],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
