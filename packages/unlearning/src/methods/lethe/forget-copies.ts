import { movedCopy } from '../../images/moved-copy.ts';
import { toNetworkInput } from '../../network/network-input.ts';
import type { Random } from '../../random.ts';
import type { Network } from '../../round.ts';

/**
 * Copies of forget samples as training makes them (`movedCopy`), mirrored too unless mirrored ones
 * are samples of their own. What is forgotten of a picture is then forgotten of its copies too, and
 * a margin moved on a neighbourhood is held better by later rounds than one on exact pixels.
 */
export interface ForgetCopies {
  /** How many of a batch of `size` samples are shown as copies too; 0 for what is no image. */
  countOf(size: number): number;
  /**
   * Fills `into` with preprocessed copies of a random choice of the samples.
   *
   * @param into row-major [countOf(samples.length), …sampleShape]
   * @returns which samples they are of
   */
  fill(into: Float32Array, samples: Int32Array): Int32Array;
}

/**
 * @param values forget samples as read, row-major [k, …sampleShape]
 * @param share of a batch that is shown as copies too
 * @param mirrors whether copies may be mirrored
 */
export function forgetCopies(
  { isImage, sampleShape, preprocessing }: Network,
  values: Float32Array,
  share: number,
  random: Random,
  mirrors: boolean,
): ForgetCopies {
  const [height, width, channels = 1] = sampleShape;
  if (!isImage || height === undefined || width === undefined) {
    return { countOf: () => 0, fill: () => new Int32Array(0) };
  }
  const shape = { height, width, channels };
  const size = height * width * channels;
  const countOf = (n: number) => Math.round(share * n);
  return {
    countOf,
    fill(into, samples) {
      const order = random.permutation(samples.length).subarray(0, countOf(samples.length));
      const chosen = order.map((i) => samples[i] as number);
      for (const [row, sample] of chosen.entries()) {
        movedCopy(values, sample * size, into, row * size, shape, mirrors, random);
      }
      toNetworkInput(into, preprocessing, channels);
      return chosen;
    },
  };
}
