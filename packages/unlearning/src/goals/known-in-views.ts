import { type ForgetViews, knowsMirrored, mirroredViews, plainView } from '../forget-views.ts';
import { margins } from '../measures/margins.ts';
import type { Random } from '../random.ts';
import type { LabelledSamples, Network } from '../round.ts';
import {
  copyShare,
  type MarginsWithCopies,
  marginsWithCopies,
  steadyMargins,
} from './steady-margins.ts';

/** What networks make of samples, view after view. */
export interface KnownInViews {
  /** View by view, of the original network (`steadyMargins`): [k] and [n]. */
  readonly steady: readonly { readonly forgotten: Float32Array; readonly unseen: Float32Array }[];
  /** [views · n, classes] of the original network */
  readonly heldOutLogits: Float32Array;
  /** [views · n, classes] of the served one */
  readonly heldOutServedLogits: Float32Array;
}

/** Logits of samples as read: row-major [n, classes]. */
type LogitsOf = (values: Float32Array) => Promise<Float32Array>;

/** Samples, and the networks that are asked about them. */
export interface KnownOf {
  readonly network: Network;
  readonly forget: LabelledSamples;
  readonly heldOut: LabelledSamples;
  /** What is known mirrored is to be forgotten mirrored too. */
  readonly mayMirror: boolean;
  readonly random: Random;
  readonly original: LogitsOf;
  /** Undefined where it is the original. */
  readonly served: LogitsOf | undefined;
}

/**
 * What `untrain` goes by: in which views it has to look at samples, how well the original network
 * knows those to be forgotten and unseen ones, and where the served one has unseen ones.
 */
export async function knownInViews({
  network,
  forget,
  heldOut,
  mayMirror,
  random,
  original,
  served,
}: KnownOf): Promise<{ readonly views: ForgetViews; readonly known: KnownInViews }> {
  const { classCount, isImage, sampleShape } = network;
  let views = mayMirror && isImage ? mirroredViews(sampleShape) : plainView;
  let unseen = views.of(heldOut);
  let heldOutLogits = await original(unseen.values);
  if (views.count === 2 && !knowsMirrored(heldOutLogits, heldOut.labels, classCount)) {
    views = plainView;
    unseen = heldOut;
    heldOutLogits = heldOutLogits.subarray(0, heldOutLogits.length / 2);
  }
  const withCopies = (samples: LabelledSamples, logits: Float32Array, copies: number) =>
    marginsWithCopies(
      network,
      samples,
      margins(logits, samples.labels, classCount),
      { copies, random: random.fork(`${copies} copies`) },
      original,
    );
  const seen = views.of(forget);
  const ofForgotten = await withCopies(seen, await original(seen.values), copiesOfForgotten);
  const ofUnseen = await withCopies(unseen, heldOutLogits, copiesOfUnseen);
  const steady = Array.from({ length: views.count }, (_, view) => {
    const own = partOf(ofForgotten, view, views.count);
    const others = partOf(ofUnseen, view, views.count);
    const share = copyShare(own, others);
    return { forgotten: steadyMargins(own, share), unseen: steadyMargins(others, share) };
  });
  return {
    views,
    known: {
      steady,
      heldOutLogits,
      heldOutServedLogits: (await served?.(unseen.values)) ?? heldOutLogits,
    },
  };
}

/** Of one view of several that stand one after the other. */
function partOf({ own, copies }: MarginsWithCopies, view: number, count: number) {
  const n = own.length / count;
  const part = (values: Float32Array) => values.subarray(view * n, (view + 1) * n);
  return { own: part(own), copies: copies.map(part) };
}

/** A forgotten sample is placed by itself, unseen ones are many. */
const copiesOfForgotten = 16;
const copiesOfUnseen = 1;
