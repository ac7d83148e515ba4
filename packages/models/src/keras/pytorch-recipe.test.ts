/**
 * The recipe of docs/model-owners.md for networks of PyTorch: weights in another order, nothing
 * else. PyTorch itself is too large for the tests: its definitions of Conv2d (NCHW, weights
 * out × in × height × width), Flatten and Linear (out × in) are written out here as loops.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logits } from '../logits.ts';
import { kerasFile } from '../testing/keras-file.ts';
import { importKeras } from './import-keras.ts';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(path.join(tmpdir(), 'lethe-recipe-'));
});
afterAll(() => rm(folder, { recursive: true }));

const image = { channels: 2, side: 5 };
const conv = { filters: 3, kernel: 3 };
const side = image.side - conv.kernel + 1;
const classes = 4;
const ramp = (size: number, step: number) =>
  Float32Array.from({ length: size }, (_, at) => Math.sin(step * (at + 1)));
const torch = {
  convWeight: ramp(conv.filters * image.channels * conv.kernel ** 2, 0.7),
  convBias: ramp(conv.filters, 1.3),
  linearWeight: ramp(classes * conv.filters * side ** 2, 0.31),
  linearBias: ramp(classes, 2.1),
};

/** conv → ReLU → flatten → linear, as PyTorch defines them. @param x channels × height × width */
function torchOutput(x: Float32Array): number[] {
  const flat: number[] = [];
  for (let f = 0; f < conv.filters; f++)
    for (let y = 0; y < side; y++)
      for (let col = 0; col < side; col++) {
        let sum = torch.convBias[f]!;
        for (let c = 0; c < image.channels; c++)
          for (let i = 0; i < conv.kernel; i++)
            for (let j = 0; j < conv.kernel; j++) {
              const w = ((f * image.channels + c) * conv.kernel + i) * conv.kernel + j;
              const at = (c * image.side + y + i) * image.side + col + j;
              sum += torch.convWeight[w]! * x[at]!;
            }
        flat.push(Math.max(0, sum));
      }
  return Array.from({ length: classes }, (_, k) =>
    flat.reduce(
      (sum, value, at) => sum + value * torch.linearWeight[k * flat.length + at]!,
      torch.linearBias[k]!,
    ),
  );
}

/** NumPy's transpose. */
async function transposed(values: Float32Array, shape: number[], order: number[]) {
  return (await tf.tensor(values, shape).transpose(order).data()) as Float32Array;
}

/** What `keras_model.save("model.h5")` writes once the recipe has set the weights. */
async function savedByKeras(linearKernel: Float32Array): Promise<Uint8Array> {
  const convShape = [conv.filters, image.channels, conv.kernel, conv.kernel];
  const kernel = await transposed(torch.convWeight, convShape, [2, 3, 1, 0]);
  const layer = (class_name: string, config: object) => ({ class_name, config });
  const batchShape = [null, image.side, image.side, image.channels];
  return await kerasFile({
    modelConfig: {
      class_name: 'Sequential',
      config: {
        name: 'net',
        layers: [
          layer('InputLayer', { name: 'x', batch_shape: batchShape }),
          layer('Conv2D', {
            ...{ name: 'conv', filters: conv.filters, activation: 'relu', padding: 'valid' },
            kernel_size: [conv.kernel, conv.kernel],
          }),
          layer('Flatten', { name: 'flat' }),
          layer('Dense', { name: 'head', units: classes, activation: 'linear' }),
        ],
      },
    },
    layers: [
      ['x', []],
      [
        'conv',
        [
          { name: 'conv/kernel:0', shape: [3, 3, image.channels, conv.filters], values: kernel },
          { name: 'conv/bias:0', shape: [conv.filters], values: torch.convBias },
        ],
      ],
      ['flat', []],
      [
        'head',
        [
          {
            name: 'head/kernel:0',
            shape: [conv.filters * side ** 2, classes],
            values: linearKernel,
          },
          { name: 'head/bias:0', shape: [classes], values: torch.linearBias },
        ],
      ],
    ],
  });
}

const x = ramp(image.channels * image.side ** 2, 0.9);

async function outputOf(linearKernel: Float32Array): Promise<number[]> {
  const file = path.join(folder, 'model.h5');
  await writeFile(file, await savedByKeras(linearKernel));
  const asKeras = await transposed(x, [image.channels, image.side, image.side], [1, 2, 0]);
  return [...(await logits(await importKeras(file), asKeras, 1))];
}

it('gives what PyTorch gives, the rows after a flatten permuted', async () => {
  // w.reshape(out, c, h, w).transpose(2, 3, 1, 0).reshape(h * w * c, out)
  const shape = [classes, conv.filters, side, side];
  const permuted = await transposed(torch.linearWeight, shape, [2, 3, 1, 0]);
  const expected = torchOutput(x);
  for (const [at, value] of (await outputOf(permuted)).entries()) {
    expect(value).toBeCloseTo(expected[at]!, 4);
  }
});

it('gives something else where that is forgotten: the comparison of the recipe finds it', async () => {
  const plain = await transposed(torch.linearWeight, [classes, conv.filters * side ** 2], [1, 0]);
  const expected = torchOutput(x);
  const off = (await outputOf(plain)).map((value, at) => Math.abs(value - expected[at]!));
  expect(Math.max(...off)).toBeGreaterThan(1e-2);
});
