import * as tf from '@tensorflow/tfjs';
import { applyBlocks } from '../curvature/apply-blocks.ts';
import type { KroneckerBlock } from '../curvature/kronecker-block.ts';
import { momentumSgd } from './momentum-sgd.ts';
import type { Optimizer } from './optimizer.ts';

export interface NaturalOptions {
  /** μ, 0 to 1; 0.9 when not given. */
  readonly momentum?: number;
  /** w, [parameters]: no step Δ may have wᵀ Δ > 0. Disposed of with the optimizer. */
  readonly closed?: tf.Tensor1D | undefined;
}

/**
 * Natural gradient (Amari 1998) with momentum: v ← μ v + ν M⁻¹ g, θ − α (1 − μ) v. Weights that
 * have no block stay where they are.
 *
 * M was measured at one place. So that nothing runs away where it does not fit any more, ν keeps
 * gᵀ M⁻¹ g, the length of the step as M sees it, within what it was at the first step (in the
 * manner of Martens and Grosse 2015 and Ba et al. 2017, section 5).
 *
 * A step along a closed direction w loses that part of it, and nothing else as M sees it: with
 * p = M⁻¹ w, M⁻¹ g + p · max(0, −wᵀ M⁻¹ g) / wᵀ p is the nearest whose step does not go there
 * (the projection of Rosen 1960, in the metric of M).
 *
 * @param inverse M⁻¹; its factors are disposed of with this
 */
export function natural(
  size: number,
  inverse: readonly KroneckerBlock[],
  { momentum = 0.9, closed }: NaturalOptions = {},
): Optimizer {
  const descent = momentumSgd(size, momentum, 0);
  const wall = closed === undefined ? undefined : wallAt(inverse, closed);
  let longest: tf.Scalar | undefined;
  const directionOf = (gradient: tf.Tensor1D) => {
    const free = applyBlocks(inverse, gradient);
    return wall === undefined ? free : wall.turn(free);
  };
  return {
    slope: (gradient) => tf.tidy(() => gradient.mul(directionOf(gradient)).sum()),
    step(theta, gradient, rate) {
      const [direction, length] = tf.tidy(() => {
        const whole = directionOf(gradient);
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
      wall?.[Symbol.dispose]();
      tf.dispose(inverse.flatMap(({ a, g }) => [a, g]));
    },
  };
}

/** Turns a descent direction v so that the step −v does not go along w. */
function wallAt(inverse: readonly KroneckerBlock[], w: tf.Tensor1D) {
  const p = applyBlocks(inverse, w);
  // M⁻¹ is positive, so that this is 0 only where w is; nothing is closed then.
  const square = tf.tidy(() => w.mul(p).sum().maximum(smallestLength));
  return {
    turn: (v: tf.Tensor1D) => v.add<tf.Tensor1D>(p.mul(w.mul(v).sum().neg().relu().div(square))),
    [Symbol.dispose]: () => tf.dispose([w, p, square]),
  };
}

const smallestLength = 1e-30;
