import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NetworkFunction } from '../../network/network-function.ts';
import { Random } from '../../random.ts';
import type { Network } from '../../round.ts';
import type { RoundWork } from '../round-work.ts';
import type { LetheSettings } from './lethe-settings.ts';
import { nonTargetHold } from './non-target.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** z of an image: its values times these. */
const kernel = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + 1));
const bias = Float32Array.of(0.5, -0.5, 0.25);
/** Two pictures, darker on the left, and so small that copies are mirrored and not shifted. */
const values = Float32Array.of(1, 3, 1, 3, 5, 7, 5, 7);
const labels = Int32Array.of(1, 2);
const chosen = { nonTargetWeight: 2, nonTargetBatch: 5, temperature: 4 } as LetheSettings;

function network(isImage: boolean): Network {
  const [flat, dense] = [tf.layers.flatten(), tf.layers.dense({ units: 3 })];
  const sampleShape = isImage ? [2, 2, 1] : [4];
  const inputs = tf.input({ shape: sampleShape });
  const model = tf.model({
    inputs,
    outputs: dense.apply(isImage ? flat.apply(inputs) : inputs) as tf.SymbolicTensor,
  });
  const preprocessing = { scale: 2, mean: [1], std: [1] };
  return { model, sampleShape, classCount: 3, isImage, preprocessing };
}

function workOf(f: NetworkFunction): RoundWork {
  return {
    network: f,
    forget: { values, input: values.map((value) => 2 * value - 1), labels },
    views: { count: 1 },
    original: f.flatten([kernel, bias]),
    random: new Random(1),
    lostClasses: [],
    meter: { training: 0, forward: 0 },
  } as unknown as RoundWork;
}

function rowsOf(values: Float32Array): number[][] {
  return [0, 4, 8, 12, 16].map((from) => [...values.subarray(from, from + 4)]);
}

function logitsOf(row: number[]): number[] {
  return [...bias].map((b, j) =>
    row.reduce((sum, value, i) => sum + value * (kernel[3 * i + j] as number), b),
  );
}

describe.each([true, false])('what is held of other labels; images: %s', (isImage) => {
  it('has no gradient where only logits of own labels have moved', () => {
    using f = new NetworkFunction(network(isImage), [kernel, bias]);
    const work = workOf(f);
    using hold = nonTargetHold(work, chosen);
    const into = new Float32Array(20);
    const found = tf.tidy(() => {
      const loss = hold?.next(into);
      const own = rowsOf(into).map(([first = 0]) => (first < 7 ? 1 : 2));
      const z = rowsOf(into).map(logitsOf);
      const moved = z.map((row, i) => row.map((value, j) => (j === own[i] ? value - 9 : value)));
      const wrong = z.map((row) => row.map((value, j) => (j === 0 ? value - 9 : value)));
      const gradientAt = (rows: number[][]) => [
        ...tf
          .grad((x: tf.Tensor) => loss?.(x as tf.Tensor2D) as tf.Scalar)(tf.tensor2d(rows))
          .dataSync(),
      ];
      return { still: gradientAt(moved), back: gradientAt(wrong), own };
    });
    expect(new Set(found.own)).toEqual(new Set([1, 2]));
    for (const value of found.still) expect(value).toBeCloseTo(0, 5);
    for (const [row, label] of found.own.entries()) {
      expect(found.back[3 * row + label]).toBe(0);
      expect(found.back[3 * row]).toBeLessThan(-0.01);
    }
    expect(work.meter.forward).toBe(5);
    const darker = rowsOf(into).map(([left = 0, right = 0]) => Math.sign(right - left));
    expect(new Set(darker)).toEqual(new Set(isImage ? [1, -1] : [1]));
  });
});

it('holds nothing at weight 0', () => {
  using f = new NetworkFunction(network(true), [kernel, bias]);
  expect(nonTargetHold(workOf(f), { ...chosen, nonTargetWeight: 0 })).toBeUndefined();
});

it('holds nothing of two labels, of which one is left', () => {
  const two = { ...network(true), classCount: 2 };
  using f = new NetworkFunction(two, [kernel, bias]);
  expect(nonTargetHold(workOf(f), chosen)).toBeUndefined();
});
