import * as tf from '@tensorflow/tfjs';
import type { Ledger } from '../../ledger/ledger.ts';

/** ∂/∂θ of w · ½ Σ F (θ − θ_served)². */
export interface LedgerPull extends Disposable {
  /** [parameters]; a scalar 0 when nothing is held. To be called inside a tidy. */
  at(theta: tf.Tensor1D): tf.Tensor;
}

/**
 * @param served where the round started: [parameters], stays the caller's
 * @param weight w; 0 holds nothing
 */
export function ledgerPull(ledger: Ledger, served: tf.Tensor1D, weight: number): LedgerPull {
  if (weight === 0 || ledger.rounds === 0) {
    return { at: () => tf.scalar(0), [Symbol.dispose]: () => undefined };
  }
  const stiffness = tf.tidy(() => tf.tensor1d(ledger.importance).mul<tf.Tensor1D>(weight));
  return {
    at: (theta) => theta.sub(served).mul(stiffness),
    [Symbol.dispose]: () => stiffness.dispose(),
  };
}
