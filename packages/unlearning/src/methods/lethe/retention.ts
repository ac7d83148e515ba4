import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import { softTargets } from '../../losses/distillation.ts';
import { type LostClass, withoutClasses } from '../../losses/lost-classes.ts';
import type { NetworkFunction } from '../../network/network-function.ts';
import { toNetworkInput } from '../../network/network-input.ts';
import type { Random } from '../../random.ts';
import type { Surrogates } from '../../surrogates/surrogates.ts';

/** Which networks are asked what to keep on surrogates, and how much each counts. */
export interface Teacher {
  readonly theta: tf.Tensor1D;
  readonly share: number;
}

/** Real unlabelled samples that nobody asks to forget. */
export interface Proxies {
  /** As read, row-major [n, …sampleShape]. */
  readonly values: Float32Array;
  /** [n, classes] under the original network, which never learnt them and has forgotten nothing. */
  readonly logits: Float32Array;
}

/** The samples that a student's answers are held on. */
export interface RetainSource {
  readonly surrogates: Surrogates;
  readonly proxies: Proxies | undefined;
  /** Share of the batch that comes from them. */
  readonly proxyShare: number;
  readonly random: Random;
}

/**
 * Fills a retain batch with fresh samples, preprocessed, in place: proxies first, then surrogates.
 *
 * @returns which proxies
 */
export function fillRetainBatch(
  into: Float32Array,
  network: NetworkFunction,
  { surrogates, proxies, proxyShare, random }: RetainSource,
): Int32Array {
  const size = network.sampleSize;
  const count = proxies === undefined ? 0 : Math.round((proxyShare * into.length) / size);
  const chosen = new Int32Array(count);
  if (proxies !== undefined) {
    const rows = proxies.values.length / size;
    for (let i = 0; i < count; i++) chosen[i] = random.integer(rows);
    copyRows(into, proxies.values, chosen, size);
  }
  surrogates.fill(into.subarray(count * size));
  const { preprocessing, sampleShape } = network.network;
  toNetworkInput(into, preprocessing, sampleShape.at(-1) ?? 1);
  return chosen;
}

/**
 * Soft targets of a retain batch: what the original network says of its proxies, which is known
 * without a pass, and what the teachers together say of its surrogates, Σ share · softmax(z / T).
 * Of classes that are lost they know nothing.
 *
 * @param surrogates the second part of the batch
 * @returns [n, classes]
 */
export function retainTargets(
  network: NetworkFunction,
  chosen: { readonly proxies: Int32Array; readonly from: Proxies | undefined },
  teachers: readonly Teacher[],
  surrogates: Float32Array,
  { temperature, lost }: { readonly temperature: number; readonly lost: readonly LostClass[] },
): tf.Tensor2D {
  return tf.tidy(() => {
    const parts: tf.Tensor2D[] = [];
    if (chosen.from !== undefined && chosen.proxies.length > 0) {
      const logits = rowsOf(chosen.from.logits, chosen.proxies, network.network.classCount);
      parts.push(taught(logits));
    }
    if (surrogates.length > 0) {
      const input = network.tensorOf(surrogates);
      const answers = teachers.map(({ theta, share }) =>
        taught(network.logits(theta, input)).mul<tf.Tensor2D>(share),
      );
      parts.push(tf.addN(answers));
    }
    return tf.concat2d(parts, 0);
  });

  function taught(logits: tf.Tensor2D): tf.Tensor2D {
    return softTargets(withoutClasses(logits, lost), temperature);
  }
}

function rowsOf(values: Float32Array, rows: Int32Array, width: number): tf.Tensor2D {
  const chosen = new Float32Array(rows.length * width);
  copyRows(chosen, values, rows, width);
  return tf.tensor2d(chosen, [rows.length, width]);
}
