import * as tf from '@tensorflow/tfjs';
import type { Optimizer } from './optimizer.ts';

/** Adam (Kingma and Ba 2015, algorithm 1): m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), θ − α·m̂/(√v̂ + ε). */
export function adam(size: number, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Optimizer {
  let m: tf.Tensor1D = tf.zeros([size]);
  let v: tf.Tensor1D = tf.zeros([size]);
  let t = 0;
  return {
    // Its first step moves every weight by the same against the sign of its gradient.
    slope: (gradient) => gradient.abs().sum(),
    step(theta, gradient, rate) {
      t += 1;
      const [nextM, nextV, nextTheta] = tf.tidy(() => {
        const first = m.mul<tf.Tensor1D>(beta1).add<tf.Tensor1D>(gradient.mul(1 - beta1));
        const second = v.mul<tf.Tensor1D>(beta2).add<tf.Tensor1D>(gradient.square().mul(1 - beta2));
        const scale = second
          .div(1 - beta2 ** t)
          .sqrt()
          .add(epsilon);
        const step = first.mul(rate / (1 - beta1 ** t)).div(scale);
        return [first, second, theta.sub<tf.Tensor1D>(step)];
      }) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      tf.dispose([m, v]);
      [m, v] = [nextM, nextV];
      return nextTheta;
    },
    [Symbol.dispose]: () => tf.dispose([m, v]),
  };
}
