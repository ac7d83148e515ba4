import type { LabelledSamples } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import { classCount, side } from './pictures.ts';

export type Weights = readonly Float32Array[];

const hidden = 48;
const inputs = side * side;

/** A perceptron with one hidden layer that learns its training set by heart, run by hand on tfjs. */
export function freshWeights(random: { normal(): number }): Weights {
  const normals = (count: number, deviation: number) =>
    Float32Array.from({ length: count }, () => deviation * random.normal());
  return [
    normals(inputs * hidden, Math.sqrt(2 / inputs)),
    new Float32Array(hidden),
    normals(hidden * classCount, Math.sqrt(2 / hidden)),
    new Float32Array(classCount),
  ];
}

const shapes: readonly number[][] = [
  [inputs, hidden],
  [hidden],
  [hidden, classCount],
  [classCount],
];

function forward(x: tf.Tensor2D, [w1, b1, w2, b2]: readonly tf.Tensor[]): tf.Tensor2D {
  const inner = tf.relu(tf.add(tf.matMul(x, w1 as tf.Tensor2D), b1 as tf.Tensor1D));
  return tf.add(tf.matMul(inner as tf.Tensor2D, w2 as tf.Tensor2D), b2 as tf.Tensor1D);
}

/** Full-batch Adam on the cross-entropy, from `start` on. `ascend` drives the loss up instead. */
export function train(
  start: Weights,
  { values, labels }: LabelledSamples,
  steps: number,
  options: { readonly learningRate?: number; readonly ascend?: LabelledSamples } = {},
): Weights {
  const { learningRate = 0.01, ascend } = options;
  return tf.tidy(() => {
    const variables = start.map((array, i) => tf.variable(tf.tensor(array, shapes[i])));
    const optimizer = tf.train.adam(learningRate);
    const x = tf.tensor2d(values, [labels.length, inputs]);
    const y = tf.oneHot(tf.tensor1d(labels, 'int32'), classCount);
    const away =
      ascend === undefined
        ? undefined
        : {
            x: tf.tensor2d(ascend.values, [ascend.labels.length, inputs]),
            y: tf.oneHot(tf.tensor1d(ascend.labels, 'int32'), classCount),
          };
    for (let step = 0; step < steps; step++) {
      optimizer.minimize(() => {
        const loss = tf.losses.softmaxCrossEntropy(y, forward(x, variables)) as tf.Scalar;
        if (away === undefined) return loss;
        const kept = tf.losses.softmaxCrossEntropy(away.y, forward(away.x, variables));
        return tf.sub(loss, tf.mul(0.5, tf.minimum(kept, 12))) as tf.Scalar;
      });
    }
    optimizer.dispose();
    const result = variables.map((variable) => variable.dataSync<'float32'>().slice());
    for (const variable of variables) variable.dispose();
    return result;
  });
}

/** Logits, row-major [n, classCount]. */
export function logitsOf(weights: Weights, values: Float32Array): Float32Array {
  return tf.tidy(() => {
    const x = tf.tensor2d(values, [values.length / inputs, inputs]);
    const tensors = weights.map((array, i) => tf.tensor(array, shapes[i]));
    return forward(x, tensors).dataSync<'float32'>().slice();
  });
}

export function accuracyOf(weights: Weights, { values, labels }: LabelledSamples): number {
  const logits = logitsOf(weights, values);
  let right = 0;
  for (const [i, label] of labels.entries()) {
    const row = logits.subarray(i * classCount, (i + 1) * classCount);
    if (row.indexOf(Math.max(...row)) === label) right += 1;
  }
  return right / labels.length;
}
