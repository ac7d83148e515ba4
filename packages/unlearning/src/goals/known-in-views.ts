import { type ForgetViews, knowsMirrored, mirroredViews, plainView } from '../forget-views.ts';
import type { Random } from '../random.ts';
import type { LabelledSamples, Network } from '../round.ts';
import { margins } from './margins.ts';
import { steadyMargins } from './steady-margins.ts';

/** What the original network makes of samples, view after view. */
export interface KnownInViews {
  /** [views · k] (`steadyMargins`) */
  readonly forgetSteady: Float32Array;
  /** [views · n] likewise */
  readonly heldOutSteady: Float32Array;
  /** [views · n, classes] */
  readonly heldOutLogits: Float32Array;
}

/**
 * What `untrain` goes by: in which views it has to look at samples, and how well the original
 * network knows those to be forgotten and unseen ones.
 *
 * @param mayMirror what is known mirrored is to be forgotten mirrored too
 * @param logitsOf under the original network, of samples as read: row-major [n, classes]
 */
export async function knownInViews(
  network: Network,
  forget: LabelledSamples,
  heldOut: LabelledSamples,
  mayMirror: boolean,
  random: Random,
  logitsOf: (values: Float32Array) => Promise<Float32Array>,
): Promise<{ readonly views: ForgetViews; readonly known: KnownInViews }> {
  const { classCount, isImage, sampleShape } = network;
  let views = mayMirror && isImage ? mirroredViews(sampleShape) : plainView;
  let unseen = views.of(heldOut);
  let heldOutLogits = await logitsOf(unseen.values);
  if (views.count === 2 && !knowsMirrored(heldOutLogits, heldOut.labels, classCount)) {
    views = plainView;
    unseen = heldOut;
    heldOutLogits = heldOutLogits.subarray(0, heldOutLogits.length / 2);
  }
  const steady = async (samples: LabelledSamples, logits: Float32Array, copies: number) =>
    await steadyMargins(
      network,
      samples,
      margins(logits, samples.labels, classCount),
      { copies, random: random.fork(`${copies} copies`) },
      logitsOf,
    );
  const seen = views.of(forget);
  return {
    views,
    known: {
      forgetSteady: await steady(seen, await logitsOf(seen.values), copiesOfForgotten),
      heldOutSteady: await steady(unseen, heldOutLogits, copiesOfUnseen),
      heldOutLogits,
    },
  };
}

/** A forgotten sample is placed by itself, unseen ones are many. */
const copiesOfForgotten = 16;
const copiesOfUnseen = 1;
