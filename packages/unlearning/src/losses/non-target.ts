import type * as tf from '@tensorflow/tfjs';
import { ownLabel, withoutOwn } from './own-label.ts';

/**
 * Logits without that of each row's own label: what distillation then holds is how a network tells
 * the other labels apart (the non-target part of Zhao et al., *Decoupled Knowledge Distillation*,
 * CVPR 2022, equation 7).
 *
 * @param logits [n, classes]
 * @param labels [n]
 * @returns [n, classes]
 */
export function nonTargetLogits(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor2D {
  return withoutOwn(logits, ownLabel(logits, labels));
}
