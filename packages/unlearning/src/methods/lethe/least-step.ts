import * as tf from '@tensorflow/tfjs';

/**
 * The nearest point to the start, on the straight way to the end, at which every sample is as far
 * as it has to be: steps with momentum lead beyond what was asked for, which costs accuracy and
 * makes forgotten samples stand out. By bisection, to a 64th of the way.
 *
 * @param start [parameters], stays the caller's
 * @param end [parameters], stays the caller's
 * @param shortfall [k] at a point: above 0 where a sample is not as far as it should be. Nobody has
 *   to be farther than at the end.
 * @returns the caller's to dispose
 */
export async function leastStep(
  start: tf.Tensor1D,
  end: tf.Tensor1D,
  shortfall: (at: tf.Tensor1D) => Promise<Float32Array>,
): Promise<tf.Tensor1D> {
  const allowed = (await shortfall(end)).map((value) => Math.max(0, value));
  let best = end.clone();
  let [low, high] = [0, 1];
  for (let halving = 0; halving < halvings; halving++) {
    const share = (low + high) / 2;
    const at = tf.tidy(() => start.add<tf.Tensor1D>(end.sub(start).mul(share)));
    const now = await shortfall(at);
    if (now.every((value, i) => value <= (allowed[i] as number))) {
      best.dispose();
      [best, high] = [at, share];
    } else {
      at.dispose();
      low = share;
    }
  }
  return best;
}

const halvings = 6;
