import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import type { Network } from '../../round.ts';
import { runRound } from '../../run-round.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const k = 6;

const numbers = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(phase + 1.7 * i));
const affine = (values: Float32Array, factor: number, shift = 0) =>
  values.map((value) => factor * value + shift);

/** The network of bench/reference/l2ul.py. */
function network(): Network {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [4] }),
      tf.layers.batchNormalization({ epsilon: 1e-3 }),
      tf.layers.reLU(),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  return { model, sampleShape: [4], classCount: 2, isImage: false, preprocessing };
}

/** Kernel, bias, γ, β, kernel, bias; then the running mean and variance. */
const weights = [
  affine(numbers(12, 0.3), 0.1),
  affine(numbers(3, 0.9), 0.1),
  affine(numbers(3, 1.1), 0.3, 1),
  affine(numbers(3, 2.3), 0.2),
  numbers(6, 1.9),
  numbers(2, 0.4),
  affine(numbers(3, 0.1), 0.05),
  affine(numbers(3, 0.7), 0.01, 0.02),
];

const settings = {
  learningRate: 0.02,
  weightDecay: 0.01,
  forgetBatch: 4,
  maxSteps: 5,
};
const attack = { perturbations: 3, adversarialBatch: 8, attackRadius: 0, attackIterations: 1 };

function labelsOf({ model }: Network, values: Float32Array): Int32Array {
  model.setWeights(model.getWeights().map(({ shape }, i) => tf.tensor(weights[i] ?? [], shape)));
  const logits = model.predict(tf.tensor(values, [k, 4])) as tf.Tensor;
  return Int32Array.from(logits.argMax(1).dataSync());
}

/** What PyTorch 2.5.1 makes of it, printed by bench/reference/l2ul.py. */
const reference = {
  neggrad: [
    [
      -0.084868, 0.244479, -0.034898, 0.051948, -0.015271, 0.11822, -0.006643, -0.166846, 0.063568,
      -0.139171, 0.022049, -0.036333,
    ],
    [0.078127, 0.051415, -0.091376],
    [1.235241, 1.117453, 0.714509],
    [0.096677, -0.124188, -0.115215],
    [0.912065, -0.40961, -0.841969, 0.667149, 0.666074, -0.830498],
    [0.330906, 0.91843],
  ],
  adv: [
    [
      -0.116672, 0.282099, -0.048917, 0.168789, -0.168112, 0.142105, -0.004949, -0.165081, 0.071432,
      -0.25645, 0.174435, -0.062244,
    ],
    [0.078127, 0.051415, -0.091376],
    [1.228636, 1.097506, 0.71965],
    [0.108785, -0.15753, -0.100535],
    [0.907145, -0.404689, -0.83055, 0.655729, 0.667439, -0.831863],
    [0.357393, 0.891943],
  ],
  l2ul: [
    [
      -0.11571, 0.273883, -0.048189, 0.167286, -0.156977, 0.135563, -0.005614, -0.159561, 0.072397,
      -0.255956, 0.161752, -0.055938,
    ],
    [0.078127, 0.051419, -0.091387],
    [1.228652, 1.098182, 0.718556],
    [0.108843, -0.156725, -0.10155],
    [0.907166, -0.406254, -0.83101, 0.656117, 0.667039, -0.831483],
    [0.35737, 0.891159],
  ],
} as const;

it.each([
  ['neggrad', settings],
  ['adv', { ...settings, ...attack }],
  ['l2ul', { ...settings, ...attack }],
] as const)('%s takes the steps that the published code takes in PyTorch', async (method, set) => {
  const task = network();
  const values = numbers(4 * k, 0.5);
  const { weights: after } = await runRound({
    network: task,
    weights,
    originalWeights: weights,
    state: undefined,
    forget: { values, labels: labelsOf(task, values) },
    mode: 'misclassify',
    method,
    settings: set,
    heldOut: undefined,
    seed: 1,
  });
  for (const [i, expected] of reference[method].entries()) {
    for (const [j, value] of expected.entries()) expect(after[i]?.[j]).toBeCloseTo(value, 4);
  }
  expect(after.slice(6)).toEqual(weights.slice(6));
});
