import * as tf from '@tensorflow/tfjs';
import { applyBlocks } from '../curvature/apply-blocks.ts';
import type { KroneckerBlock } from '../curvature/kronecker-block.ts';
import { momentumSgd } from './momentum-sgd.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * Natural gradient (Amari 1998) with momentum: v ← μ v + ν M⁻¹ g, θ − α (1 − μ) v. Weights that
 * have no block stay where they are.
 *
 * M was measured at one place. So that nothing runs away where it does not fit any more, ν keeps
 * gᵀ M⁻¹ g, the length of the step as M sees it, within what it was at the first step (in the
 * manner of Martens and Grosse 2015 and Ba et al. 2017, section 5).
 *
 * @param inverse M⁻¹; its factors are disposed of with this
 */
export function natural(
  size: number,
  inverse: readonly KroneckerBlock[],
  momentum = 0.9,
): Optimizer {
  const descent = momentumSgd(size, momentum, 0);
  let longest: tf.Scalar | undefined;
  return {
    slope: (gradient) => tf.tidy(() => gradient.mul(applyBlocks(inverse, gradient)).sum()),
    step(theta, gradient, rate) {
      const [direction, length] = tf.tidy(() => {
        const whole = applyBlocks(inverse, gradient);
        const square = gradient.mul(whole).sum().maximum(smallestLength);
        const share = square
          .reciprocal()
          .mul(longest ?? square)
          .sqrt()
          .minimum(1);
        return [whole.mul<tf.Tensor1D>(share), square as tf.Scalar];
      });
      if (longest === undefined) longest = length;
      else length.dispose();
      const next = descent.step(theta, direction, rate * (1 - momentum));
      direction.dispose();
      return next;
    },
    [Symbol.dispose]: () => {
      descent[Symbol.dispose]();
      longest?.dispose();
      tf.dispose(inverse.flatMap(({ a, g }) => [a, g]));
    },
  };
}

const smallestLength = 1e-30;
