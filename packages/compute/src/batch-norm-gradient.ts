import * as tf from '@tensorflow/tfjs';

/**
 * Kernel that gives Σ y·(x − centre) over all axes but the last, from inputs `y`, `x` [..., c]
 * and `centre` [c]: [c]. A backend may have it.
 */
export const centredProductsKernel = 'SumCentredProducts';

/**
 * Gradients of batch normalisation with given statistics per channel, each with as few passes
 * over the activations as it needs. (The stock ones spread the statistics over all pixels
 * first, which takes longer than all convolutions together.) With f = scale / √(variance + ε):
 *
 *   ∂x = dy·f      ∂offset = Σ dy      ∂scale = Σ dy·(x − mean) / √(variance + ε)
 *   ∂mean = −f·Σ dy                    ∂variance = −½·f·Σ dy·(x − mean) / (variance + ε)
 */
export function installBatchNormGradient(): void {
  const stock = tf.getGradient('FusedBatchNorm').gradFunc;
  tf.registerGradient({
    kernelName: 'FusedBatchNorm',
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc: (dy, saved, attributes) => {
      const [x, mean] = saved as [tf.Tensor, tf.Tensor];
      if (mean.rank !== 1) return stock(dy, saved, attributes);
      return gradients(dy as tf.Tensor, x, saved, Number(attributes['varianceEpsilon']));
    },
  });
}

function gradients(dy: tf.Tensor, x: tf.Tensor, saved: tf.Tensor[], epsilon: number) {
  const [, mean, variance, scale] = saved as [unknown, tf.Tensor, tf.Tensor, tf.Tensor?];
  const inverse = () => tf.rsqrt(variance.add(epsilon));
  const factor = () => (scale === undefined ? inverse() : inverse().mul(scale));
  const leading = x.shape.map((_, axis) => axis).slice(0, -1);
  const products = () => sumCentredProducts(dy, x, mean, leading);
  return {
    x: () => dy.mul(factor()),
    offset: () => dy.sum(leading),
    scale: () => products().mul(inverse()),
    mean: () => dy.sum(leading).mul(factor()).neg(),
    variance: () => products().mul(factor()).div(variance.add(epsilon)).mul(-0.5),
  };
}

function sumCentredProducts(y: tf.Tensor, x: tf.Tensor, centre: tf.Tensor, axes: number[]) {
  return tf.getKernel(centredProductsKernel, tf.getBackend()) == null
    ? y.mul(x.sub(centre)).sum(axes)
    : tf.engine().runKernel<tf.Tensor>(centredProductsKernel, { y, x, centre });
}
