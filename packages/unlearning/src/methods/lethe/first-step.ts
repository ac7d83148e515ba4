import * as tf from '@tensorflow/tfjs';
import type { Goal } from '../../goals/goal.ts';
import type { LeadBand } from '../../losses/lead-band.ts';
import type { NetworkFunction } from '../../network/network-function.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';

/**
 * Step size at which a step along the gradient of the forget loss ℓ would take the given share off
 * it, to first order (`Optimizer.slope`): with Adam, which moves every weight by just that size
 * against the sign of its gradient, α ‖∂ℓ/∂θ‖₁ = share · ℓ; with natural steps α gᵀ M⁻¹ g, of which
 * the first one does a tenth, before its momentum has built up.
 * A fixed step size suits networks of one size and depth only.
 *
 * @param input [n, …sampleShape] of the first forget batch, preprocessed
 * @param samples [n] indices of the forget samples in it
 */
export async function firstStepRate(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  goal: Goal,
  input: Float32Array,
  samples: Int32Array,
  optimizer: Optimizer,
  band: LeadBand,
  firstStep: number,
): Promise<number> {
  const rate = tf.tidy(() => {
    const { loss, gradient } = network.gradient(theta, network.tensorOf(input), (logits) =>
      goal.loss(logits, samples, band),
    );
    return loss.div<tf.Scalar>(tf.maximum(optimizer.slope(gradient), smallestSlope)).mul(firstStep);
  });
  const [value] = await rate.data<'float32'>();
  rate.dispose();
  return value ?? Number.NaN;
}

const smallestSlope = 1e-20;
