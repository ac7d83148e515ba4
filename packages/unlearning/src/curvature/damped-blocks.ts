import * as tf from '@tensorflow/tfjs';
import type { KroneckerBlock, KroneckerFactor } from './kronecker-block.ts';

/**
 * (A + δ ā I) ⊗ (G + δ ḡ I) of each block, where ā and ḡ are the means of the diagonals: what
 * `dampedInverse` is the inverse of.
 *
 * @param damping δ, above 0
 * @returns blocks whose factors are the caller's to dispose
 */
export function dampedBlocks(blocks: readonly KroneckerBlock[], damping: number): KroneckerBlock[] {
  return blocks.map(({ layer, a, g }) => ({
    layer,
    a: damped(a, damping),
    g: damped(g, damping),
  }));
}

function damped(factor: KroneckerFactor, damping: number): KroneckerFactor {
  return tf.tidy(() => {
    if (factor.rank === 1) return factor.add<tf.Tensor1D>(factor.mean().mul(damping));
    const identity = tf.eye(factor.shape[0]);
    const mean = factor.mul(identity).sum().div(factor.shape[0]);
    return factor.add<tf.Tensor2D>(identity.mul(mean.mul(damping)));
  });
}
