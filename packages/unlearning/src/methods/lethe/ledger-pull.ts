import * as tf from '@tensorflow/tfjs';
import { publishedHold } from '../l2ul/published-hold.ts';
import type { RoundWork } from '../round-work.ts';

/** ∂/∂θ of w · ½ Σ F (θ − θ_served)². */
export interface LedgerPull extends Disposable {
  /** [parameters]; a scalar 0 when nothing is held. To be called inside a tidy. */
  at(theta: tf.Tensor1D): tf.Tensor;
}

/**
 * What is held and how: what earlier rounds moved; only where a step would undo them, back
 * towards the original network; or, for comparison, L2UL's rule.
 */
export type ImportanceRule = 'earlier' | 'undoing' | 'published';

/**
 * w F: [parameters], or nothing.
 *
 * @param weight w; 0 holds nothing
 */
export async function heldImportance(
  work: RoundWork,
  weight: number,
  rule: ImportanceRule,
): Promise<Float32Array | undefined> {
  if (weight === 0 || (rule !== 'published' && work.ledger.rounds === 0)) return undefined;
  const held = rule === 'published' ? await publishedHold(work) : work.ledger.importance;
  return held.map((value) => weight * value);
}

/**
 * @param held w F: [parameters]
 * @param served where the round started: [parameters], stays the caller's
 * @param original [parameters]
 */
export function ledgerPull(
  held: Float32Array | undefined,
  served: tf.Tensor1D,
  original: Float32Array,
  rule: ImportanceRule,
): LedgerPull {
  if (held === undefined) {
    return { at: () => tf.scalar(0), [Symbol.dispose]: () => undefined };
  }
  const stiffness = tf.tensor1d(held);
  // Which way earlier rounds went; 0 where they did not move.
  const gone =
    rule === 'undoing' ? tf.tidy(() => served.sub<tf.Tensor1D>(original).sign()) : undefined;
  return {
    at: (theta) => {
      const moved = theta.sub(served);
      return (gone === undefined ? moved : moved.mul(gone).minimum(0).mul(gone)).mul(stiffness);
    },
    [Symbol.dispose]: () => {
      stiffness.dispose();
      gone?.dispose();
    },
  };
}
