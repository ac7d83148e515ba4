import * as tf from '@tensorflow/tfjs';
import { invertPositive } from './invert-positive.ts';
import type { KroneckerBlock, KroneckerFactor } from './kronecker-block.ts';

/**
 * (A + δ ā I)⁻¹ ⊗ (G + δ ḡ I)⁻¹ of each block, where ā and ḡ are the means of the diagonals: damping
 * relative to each factor, so that it does not depend on the scale of samples, weights or logits.
 * A layer that nothing comes through has no inverse and gets none.
 *
 * @param damping δ, above 0
 * @returns blocks whose factors are the caller's to dispose
 */
export async function dampedInverse(
  blocks: readonly KroneckerBlock[],
  damping: number,
): Promise<KroneckerBlock[]> {
  const inverses: KroneckerBlock[] = [];
  for (const { layer, a, g } of blocks) {
    const [left, right] = [await inverted(a, damping), await inverted(g, damping)];
    if (left !== undefined && right !== undefined) inverses.push({ layer, a: left, g: right });
    else tf.dispose([left, right].filter((factor) => factor !== undefined));
  }
  return inverses;
}

async function inverted(
  factor: KroneckerFactor,
  damping: number,
): Promise<KroneckerFactor | undefined> {
  const values = Float64Array.from(await factor.data<'float32'>());
  const n = factor.shape[0];
  const stride = factor.rank === 1 ? 1 : n + 1;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += values[i * stride] as number;
  const floor = (damping * trace) / n;
  // Also where it is not a number, or too small to have an inverse that is one in float32.
  if (!(floor > smallestFloor)) return undefined;
  for (let i = 0; i < n; i++) values[i * stride] = (values[i * stride] as number) + floor;
  if (factor.rank === 1) return tf.tensor1d(Float32Array.from(values, (value) => 1 / value));
  return tf.tensor2d(Float32Array.from(invertPositive(values, n)), [n, n]);
}

const smallestFloor = 1e-30;
