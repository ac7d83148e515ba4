import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import type { Classifier, Preprocessing } from './classifier.ts';
import { sizeOf } from './weights.ts';

/**
 * (values · scale − mean) / std per channel of the last axis, on the host: broadcasting on the
 * WebAssembly backend costs more than this loop.
 *
 * @param values row-major [n, ..., channels]
 */
export function preprocess(
  values: Float32Array,
  preprocessing: Preprocessing,
  channels: number,
): Float32Array {
  const { scale, mean, std } = preprocessing;
  const factor = Float64Array.from({ length: channels }, (_, c) => scale / (std[c] ?? std[0]!));
  const shift = factor.map((_, c) => -(mean[c] ?? mean[0]!) / (std[c] ?? std[0]!));
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    result[i] = values[i]! * factor[channel]! + shift[channel]!;
  }
  return result;
}

/**
 * Logits in evaluation mode, in batches, on the open backend.
 *
 * @param values samples as read, row-major [n, ...sampleShape]
 * @returns row-major [n, classCount]
 * @throws LetheError `invalid` when values are not n samples, `cancelled` when `signal` says so
 */
export async function logits(
  classifier: Classifier,
  values: Float32Array,
  n: number,
  options: { readonly batch?: number; readonly signal?: AbortSignal } = {},
): Promise<Float32Array> {
  const { model, preprocessing, sampleShape, classCount } = classifier;
  const sampleSize = sizeOf(sampleShape);
  if (values.length !== n * sampleSize) {
    throw LetheError.invalid(
      'samples',
      `${values.length} values`,
      `are not ${n} samples of shape [${sampleShape}]`,
      'Give samples of the size the network was made for.',
    );
  }
  const batch = options.batch ?? 256;
  const result = new Float32Array(n * classCount);
  for (let from = 0; from < n; from += batch) {
    if (options.signal?.aborted)
      throw new LetheError('cancelled', 'The forward pass was cancelled.');
    const to = Math.min(n, from + batch);
    const samples = values.subarray(from * sampleSize, to * sampleSize);
    const input = preprocess(samples, preprocessing, sampleShape.at(-1)!);
    const output = tf.tidy(
      () =>
        model.apply(tf.tensor(input, [to - from, ...sampleShape]), {
          training: false,
        }) as tf.Tensor,
    );
    try {
      result.set(await output.data<'float32'>(), from * classCount);
    } finally {
      output.dispose();
    }
  }
  return result;
}

/** The class with the greatest logit of each row; the lowest one of equals. */
export function predictedClasses(logits: Float32Array, classCount: number): Int32Array {
  return Int32Array.from({ length: logits.length / classCount }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classCount; c++) {
      if (logits[row * classCount + c]! > logits[row * classCount + best]!) best = c;
    }
    return best;
  });
}
