import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from './open-backend.ts';

const installed = existsSync(fileURLToPath(new URL('../native/node_modules', import.meta.url)));
const title = installed
  ? 'the native backend'
  : 'the native backend (skipped: not installed, npm run native:install)';

describe.skipIf(!installed)(title, () => {
  beforeAll(async () => {
    await openBackend({ prefer: 'native', threads: 2 });
  });

  it('tells its library, its device and its threads', async () => {
    const backend = await openBackend();
    expect(backend.name).toMatch(/^native-/);
    expect(backend.description).toMatch(/libtensorflow 2\.16\.2, (GPU|CPU), 2 .*threads/);
  });

  it('is the engine that every package computes with', () => {
    expect(tf.getBackend()).toBe('tensorflow');
    expect(Array.from(tf.tensor1d([1, 2]).square().dataSync())).toEqual([1, 4]);
  });

  it('stops the gradient of ReLU where it is not positive', () => {
    const gradient = tf.grad((x) => tf.relu(x).mul(3))(tf.tensor1d([-1, 0, 2]));
    expect(Array.from(gradient.dataSync())).toEqual([0, 0, 3]);
  });

  it('rounds integers right, which later libraries do not', () => {
    expect(Array.from(tf.round(tf.tensor1d([3, 7], 'int32')).dataSync())).toEqual([3, 7]);
  });
});
