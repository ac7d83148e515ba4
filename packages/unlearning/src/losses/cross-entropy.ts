import * as tf from '@tensorflow/tfjs';
import { ownLabel } from './own-label.ts';

/** Mean of −log softmax(z)_y over the batch. */
export function crossEntropyLoss(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return tf.logSoftmax(logits).mul(ownLabel(logits, labels)).sum(1).mean<tf.Scalar>().neg();
}
