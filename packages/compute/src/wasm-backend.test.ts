import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openBackend } from './open-backend.ts';
import { webAssembly } from './wasm-kernels/webassembly.ts';

/** The shortest module there is: magic number and version. */
const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

it('starts while others start WebAssembly modules of their own', async () => {
  const opening = openBackend({ prefer: 'wasm' });
  let open = false;
  const opened = opening.then(() => {
    open = true;
  });
  while (!open) {
    const instance = await webAssembly.instantiate(new webAssembly.Module(emptyModule));
    expect(instance).toBeInstanceOf(webAssembly.Instance);
    await new Promise((turn) => setImmediate(turn));
  }
  await opened;
  expect(tf.getBackend()).toBe('wasm');
  expect(tf.tidy(() => tf.scalar(2).add(1).dataSync()[0])).toBe(3);
});
