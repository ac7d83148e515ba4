import * as tf from '@tensorflow/tfjs';
import { type AffineLayer, affineLayers } from '../network/affine-layers.ts';
import type { NetworkFunction } from '../network/network-function.ts';
import { withTaps } from '../network/with-taps.ts';
import { secondMoments } from './second-moments.ts';

/** A factor of a block: a symmetric matrix [n, n], or its diagonal alone [n]. */
export type KroneckerFactor = tf.Tensor2D | tf.Tensor1D;

/** The block A ⊗ G that one layer has in a matrix over all weights, or in its inverse. */
export interface KroneckerBlock {
  readonly layer: AffineLayer;
  /** Over the layer's inputs, with a last one for the bias if it has one. */
  readonly a: KroneckerFactor;
  /** Over its outputs. */
  readonly g: KroneckerFactor;
}

/**
 * Kronecker factors (Martens and Grosse 2015, eq. 18; for convolutions Grosse and Martens 2016,
 * theorem 1) of the curvature (1/n) Σ_i (∂s_i/∂θ)(∂s_i/∂θ)ᵀ of one number s_i of each sample:
 * A is the mean over samples of Σ a aᵀ over places, G the mean over samples and places of g gᵀ,
 * where a is what a layer multiplies and g = ∂s/∂z of what comes out, before its activation.
 * Weights of other layers have no block.
 *
 * @param input [n, …sampleShape]
 * @param scalars Σ_i s_i, from the logits [n, classes]
 * @returns blocks whose factors are the caller's to dispose
 */
export function kroneckerBlocks(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  input: tf.Tensor,
  scalars: (logits: tf.Tensor2D) => tf.Scalar,
): KroneckerBlock[] {
  const layers = affineLayers(network);
  const { result, taps } = withTaps(
    layers.map(({ layer }) => layer),
    () => network.gradient(theta, input, scalars),
  );
  tf.dispose([result.loss, result.logits, result.gradient]);
  const n = input.shape[0] as number;
  return layers.flatMap((layer, i) => {
    const { inputs, gradients } = taps[i] ?? { inputs: [], gradients: [] };
    try {
      if (gradients.length === 0) return [];
      const withBias = (x: tf.Tensor2D) =>
        layer.bias === undefined ? x : tf.concat2d([x, tf.ones([x.shape[0], 1])], 1);
      const a = secondMoments(inputs, (x) => withBias(layer.rowsOf(x)));
      const g = secondMoments(gradients, (dz) => dz.reshape<tf.Tensor2D>([-1, layer.outputs]));
      const block = tf.tidy(() => ({
        a: a.sum.div<KroneckerFactor>(n),
        g: g.sum.div<KroneckerFactor>(g.rows),
      }));
      tf.dispose([a.sum, g.sum]);
      return [{ layer, ...block }];
    } finally {
      tf.dispose([...inputs, ...gradients]);
    }
  });
}
