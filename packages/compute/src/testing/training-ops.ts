import * as tf from '@tensorflow/tfjs';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** For tests: the value of `f` and its gradients in all inputs, for a random upstream gradient. */
export function valueAndGradients(f: (...xs: tf.Tensor[]) => tf.Tensor, ...shapes: number[][]) {
  const inputs = shapes.map((shape, i) => random(shape, i + 1));
  const value = f(...inputs);
  return [value, ...tf.grads(f)(inputs, random(value.shape, 99))];
}

const image = [2, 7, 8, 5];
const pixels = (x: tf.Tensor) => x as tf.Tensor4D;
const indices = () => tf.tensor1d([4, 0, 4, 2], 'int32');

/**
 * For tests: what networks and losses are made of, value and gradient of each, always the same.
 * They belong to the backend that is set while they are made.
 */
export const trainingOps: Record<string, () => readonly tf.Tensor[]> = {
  relu: () => valueAndGradients((x) => tf.relu(x), image),
  relu6: () => valueAndGradients((x) => tf.relu6(x), image),
  elu: () => valueAndGradients((x) => tf.elu(x), image),
  'leaky relu': () => valueAndGradients((x) => tf.leakyRelu(x, 0.1), image),
  sigmoid: () => valueAndGradients((x) => tf.sigmoid(x), image),
  tanh: () => valueAndGradients((x) => tf.tanh(x), image),
  softplus: () => valueAndGradients((x) => tf.softplus(x), image),
  'sum over images and pixels': () => valueAndGradients((x) => x.sum([0, 1, 2]), image),
  'sum over channels': () => valueAndGradients((x) => x.sum(3), image),
  'sum over the middle axes': () => valueAndGradients((x) => x.sum([1, 2], true), image),
  'sum of everything': () => valueAndGradients((x) => x.sum(), image),
  mean: () => valueAndGradients((x) => x.mean([1, 2]), image),
  'max over classes': () => valueAndGradients((x) => x.max(1), [6, 10]),
  'add a bias': () => valueAndGradients((x, bias) => x.add(bias), image, [5]),
  'add two of a kind': () => valueAndGradients((x, y) => x.add(y), image, image),
  'multiply by a scale per channel': () => valueAndGradients((x, s) => x.mul(s), image, [5]),
  'divide by a column': () => valueAndGradients((x, s) => x.div(s), [6, 10], [6, 1]),
  'batch normalisation with fixed statistics': () =>
    valueAndGradients(
      (x, offset, scale) =>
        tf.batchNorm(pixels(x), tf.ones([5]), tf.ones([5]).mul(2), offset, scale, 1e-3),
      image,
      [5],
      [5],
    ),
  'max pooling': () => valueAndGradients((x) => tf.maxPool(pixels(x), 2, 2, 'same'), image),
  'max pooling of negative values': () =>
    valueAndGradients((x) => tf.maxPool(pixels(x.sub(9)), 2, 2, 'valid'), image),
  'max pooling, overlapping': () =>
    valueAndGradients((x) => tf.maxPool(pixels(x), 3, 2, 'valid'), image),
  'average pooling': () => valueAndGradients((x) => tf.avgPool(pixels(x), 2, 2, 'same'), image),
  padding: () =>
    valueAndGradients(
      (x) =>
        tf.pad(x, [
          [0, 0],
          [2, 1],
          [1, 2],
          [0, 3],
        ]),
      image,
    ),
  'mirror padding': () =>
    valueAndGradients(
      (x) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [2, 1],
            [1, 2],
            [0, 0],
          ],
          'reflect',
        ),
      image,
    ),
  slice: () => valueAndGradients((x) => x.slice([0, 1, 2, 0], [2, 3, 4, 5]), image),
  concat: () => valueAndGradients((x, y) => tf.concat([x, y], 0), image, image),
  stack: () => valueAndGradients((x, y) => tf.stack([x, y]), [3, 4], [3, 4]),
  transpose: () => valueAndGradients((x) => x.transpose([0, 3, 1, 2]), image),
  'clip by value': () => valueAndGradients((x) => x.clipByValue(-0.5, 0.5), image),
  'gather rows': () => valueAndGradients((x) => tf.gather(x, indices()), [6, 3]),
  'gather columns': () => valueAndGradients((x) => tf.gather(x, indices(), 1), [6, 5, 2]),
  minimum: () => valueAndGradients((x, y) => tf.minimum(x, y), image, image),
  maximum: () => valueAndGradients((x, y) => tf.maximum(x, y), image, image),
  where: () =>
    valueAndGradients((x, y) => tf.where(random(image, 3).greater(0), x, y), image, image),
  'absolute value': () => valueAndGradients((x) => x.abs(), image),
  norm: () => valueAndGradients((x) => tf.norm(x, 2, 1), [6, 10]),
  softmax: () => valueAndGradients((x) => tf.softmax(x), [6, 10]),
  'log-softmax': () => valueAndGradients((x) => tf.logSoftmax(x), [6, 10]),
  'log-sum-exp': () => valueAndGradients((x) => tf.logSumExp(x, 1), [6, 10]),
  'cross-entropy': () =>
    valueAndGradients(
      (x) => tf.losses.softmaxCrossEntropy(tf.oneHot([0, 9, 3, 3, 1, 2], 10), x),
      [6, 10],
    ),
  'matrix product': () =>
    valueAndGradients((x, y) => tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D), [7, 5], [5, 3]),
  'matrix product, transposed': () =>
    valueAndGradients(
      (x, y) => tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, true, true),
      [5, 7],
      [3, 5],
    ),
  'matrix product, first transposed': () =>
    valueAndGradients((x, y) => tf.matMul(x, y, true), [33, 18], [33, 21]),
  'matrix product, second transposed': () =>
    valueAndGradients((x, y) => tf.matMul(x, y, false, true), [18, 33], [21, 33]),
  'matrix product, batched': () =>
    valueAndGradients((x, y) => tf.matMul(x, y), [3, 7, 5], [3, 5, 4]),
  'matrix product, one in a batch': () =>
    valueAndGradients((x, y) => tf.matMul(x, y), [1, 7, 5], [1, 5, 4]),
  'product with a column': () => valueAndGradients((x, y) => x.mul(y), [6, 10], [6, 1]),
  'one-hot, top-k, argmax': () => {
    const x = random([6, 10], 1);
    const { values, indices } = tf.topk(x, 3);
    return [tf.oneHot([1, 0, 4], 5), values, indices, x.argMax(1)];
  },
  'crop and resize': () => [
    tf.image.cropAndResize(pixels(random(image, 1)), [[0.1, -0.2, 0.8, 1.1]], [1], [5, 5]),
  ],
  'bilinear resize': () => [tf.image.resizeBilinear(pixels(random(image, 1)), [9, 5])],
  'flip, cumulative sum, comparison': () => {
    const x = random(image, 1);
    return [tf.image.flipLeftRight(pixels(x)), x.cumsum(1), x.greater(0), x.sign(), x.step()];
  },
};
