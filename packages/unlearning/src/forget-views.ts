import { augmentedCopies } from './images/augmented-copies.ts';
import { joinSamples } from './join-samples.ts';
import { accuracy } from './measures/accuracy.ts';
import type { LabelledSamples } from './round.ts';

/**
 * How a round looks at samples: as they are, or also mirrored. Copies are samples of their own, so
 * that they are led to where copies of unseen samples stand, whatever that is, and count when it is
 * asked whether the round is done.
 */
export interface ForgetViews {
  /** Views of each sample. */
  readonly count: 1 | 2;
  /** [n] becomes [count · n]: all samples as they are, then all mirrored. */
  of(samples: LabelledSamples): LabelledSamples;
}

export const plainView: ForgetViews = { count: 1, of: (samples) => samples };

/** @param sampleShape of images: [height, width, channels] */
export function mirroredViews([
  height = 1,
  width = 1,
  channels = 1,
]: readonly number[]): ForgetViews {
  return {
    count: 2,
    of: (samples) => {
      const values = augmentedCopies(samples.values, [height, width, channels], 'mirrored');
      return joinSamples([samples, { values, labels: samples.labels }]);
    },
  };
}

/**
 * Does a network give mirrored images their label nearly as often as images as they are? Digits
 * and letters, mirrored, are something else: nothing of them is left behind there.
 *
 * @param logits row-major [2n, classCount] of unseen samples as they are, then mirrored
 * @param labels [n]
 */
export function knowsMirrored(
  logits: Float32Array,
  labels: Int32Array,
  classCount: number,
): boolean {
  const half = logits.length / 2;
  const asTheyAre = accuracy(logits.subarray(0, half), labels, classCount);
  return accuracy(logits.subarray(half), labels, classCount) >= nearlyAsOften * asTheyAre;
}

const nearlyAsOften = 0.9;
