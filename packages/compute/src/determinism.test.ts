import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const urlOf = (name: string) => JSON.stringify(pathToFileURL(require.resolve(name)).href);

/** Trains a small seeded network for three steps and prints a digest of its weights. */
const program = (seed: number, before: string, prefer: string) => `
  import { createHash } from 'node:crypto';
  import { openBackend } from ${urlOf('@lethe/compute')};
  import * as tf from ${urlOf('@tensorflow/tfjs')};
  await openBackend({ prefer: '${prefer}' });
  ${before}
  const kernelInitializer = tf.initializers.heNormal({ seed: ${seed} });
  const model = tf.sequential({ layers: [
    tf.layers.conv2d({ filters: 12, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [9, 9, 3], kernelInitializer }),
    tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, kernelInitializer }),
    tf.layers.reLU(),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 4, kernelInitializer }),
  ] });
  const x = tf.randomNormal([16, 9, 9, 3], 0, 1, 'float32', 2);
  const y = tf.oneHot(Array.from({ length: 16 }, (_, i) => i % 4), 4);
  const optimizer = tf.train.adam(1e-2);
  for (let step = 0; step < 3; step++) {
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x)));
  }
  const digest = createHash('sha256');
  for (const weight of model.getWeights()) digest.update(weight.dataSync());
  console.log(digest.digest('hex'));
`;

async function digestOf(seed: number, before = '', prefer = 'wasm'): Promise<string> {
  const source = program(seed, before, prefer);
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', source]);
  return (await run).stdout.trim();
}

describe('training on WebAssembly', () => {
  it('gives the same bits in every process for the same seed', async () => {
    const [first, second, otherSeed] = await Promise.all([digestOf(1), digestOf(1), digestOf(2)]);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
    expect(otherSeed).not.toBe(first);
  });

  it('gives the same bits whatever was computed before', async () => {
    const busy = 'for (let i = 1; i < 50; i++) tf.randomNormal([i, 7]).mul(2).sum().dataSync();';
    expect(await digestOf(1, busy)).toBe(await digestOf(1));
  });
});

const installed = existsSync(fileURLToPath(new URL('../native/node_modules', import.meta.url)));
const onNative = `training on libtensorflow${installed ? '' : ' (skipped: not installed, npm run native:install)'}`;

describe.skipIf(!installed)(onNative, () => {
  it('gives the same bits in every process with as many threads', async () => {
    const first = await digestOf(1, '', 'native');
    expect(await digestOf(1, '', 'native')).toBe(first);
    expect(first).not.toBe(await digestOf(1));
  });
});
