import type * as tf from '@tensorflow/tfjs';

/**
 * A first-order method on one flat vector. `step` gives the new θ, which the caller owns, and
 * keeps moments of its own; `dispose` frees them.
 */
export interface Optimizer extends Disposable {
  /**
   * What a step of size 1 along its direction would take off a loss with this gradient, to first
   * order; the first steps of one with momentum are shorter.
   */
  slope(gradient: tf.Tensor1D): tf.Scalar;
  /**
   * @param theta [parameters]
   * @param gradient [parameters]
   * @param rate step size
   */
  step(theta: tf.Tensor1D, gradient: tf.Tensor1D, rate: number): tf.Tensor1D;
}
