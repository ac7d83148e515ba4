import * as tf from '@tensorflow/tfjs';
import type { Optimizer } from './optimizer.ts';

/** Stochastic gradient descent: v ← μ·v + g + decay·θ, θ − α·v. */
export function momentumSgd(size: number, momentum: number, weightDecay: number): Optimizer {
  let velocity: tf.Tensor1D = tf.zeros([size]);
  return {
    slope: (gradient) => gradient.square().sum(),
    step(theta, gradient, rate) {
      const [next, nextTheta] = tf.tidy(() => {
        const moved = velocity
          .mul<tf.Tensor1D>(momentum)
          .add<tf.Tensor1D>(gradient)
          .add<tf.Tensor1D>(theta.mul(weightDecay));
        return [moved, theta.sub<tf.Tensor1D>(moved.mul(rate))];
      }) as [tf.Tensor1D, tf.Tensor1D];
      velocity.dispose();
      velocity = next;
      return nextTheta;
    },
    [Symbol.dispose]: () => velocity.dispose(),
  };
}
