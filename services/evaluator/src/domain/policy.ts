import { canonicalJson, type Digest, sha256 } from '@lethe/contracts';

/** Goals of forgetting, as the policy names them. */
export const modeNames = ['untrain', 'misclassify', 'relabel'] as const;
export type ModeName = (typeof modeNames)[number];

/** Bounds on held-out accuracy; all shares in [0, 1]. */
export interface AccuracyBounds {
  /** Most that may be lost against the model that serves. */
  readonly maxDropVsServed: number;
  /** Most that may be lost against the original model: small drifts add up. */
  readonly maxDropVsOriginal: number;
  /** Most that may be gained against either: more is a sign of a spoilt evaluation. */
  readonly maxGain: number;
  /** Fewer samples than this decide nothing. */
  readonly minSamples: number;
}

/** Bounds on the forgotten samples in `untrain`: they should be judged as unseen ones are. */
export interface UntrainBounds {
  /** Difference from the class-matched held-out accuracy that does not matter, a share. */
  readonly tolerance: number;
  /** Confidence of the two-sided binomial test beyond the tolerance, for example 0.95. */
  readonly confidence: number;
  readonly minSamples: number;
  /** Held-out samples that every class in the forget set needs. */
  readonly minHeldOutPerClass: number;
}

/** Bounds on the forgotten samples in `misclassify`. */
export interface MisclassifyBounds {
  /** Most of the forget set that may still be given its label, a share. */
  readonly maxRecognised: number;
  readonly minSamples: number;
}

/** Bounds on the forgotten samples in `relabel`. */
export interface RelabelBounds {
  /** Least of the forget set that must be given the stated label, a share. */
  readonly minGivenTarget: number;
  readonly minSamples: number;
}

export interface ModePolicy<Forget> {
  /** Over the whole gate set. */
  readonly heldOutAccuracy: AccuracyBounds;
  /** Over each class of the gate set. */
  readonly classAccuracy: AccuracyBounds;
  readonly forgetAccuracy: Forget;
}

/** What the gate demands of a candidate, per mode. Versioned: a change of meaning is a new number. */
export interface Policy {
  readonly version: 1;
  readonly name: string;
  readonly modes: {
    readonly untrain: ModePolicy<UntrainBounds>;
    readonly misclassify: ModePolicy<MisclassifyBounds>;
    readonly relabel: ModePolicy<RelabelBounds>;
  };
}

/**
 * The bounds that hold where a policy says nothing.
 *
 * `untrain` costs next to nothing on real networks (docs/unlearning.md), so its bounds are
 * tight; suppressing or changing labels costs a few points.
 */
export const defaultPolicy: Policy = {
  version: 1,
  name: 'default',
  modes: {
    untrain: {
      heldOutAccuracy: bounds(0.02, 0.04, 0.03, 100),
      classAccuracy: bounds(0.1, 0.15, 0.2, 10),
      forgetAccuracy: { tolerance: 0.03, confidence: 0.95, minSamples: 1, minHeldOutPerClass: 10 },
    },
    misclassify: {
      heldOutAccuracy: bounds(0.03, 0.06, 0.03, 100),
      classAccuracy: bounds(0.15, 0.25, 0.2, 10),
      forgetAccuracy: { maxRecognised: 0.05, minSamples: 1 },
    },
    relabel: {
      heldOutAccuracy: bounds(0.03, 0.06, 0.03, 100),
      classAccuracy: bounds(0.15, 0.25, 0.2, 10),
      forgetAccuracy: { minGivenTarget: 0.95, minSamples: 1 },
    },
  },
};

function bounds(
  maxDropVsServed: number,
  maxDropVsOriginal: number,
  maxGain: number,
  minSamples: number,
): AccuracyBounds {
  return { maxDropVsServed, maxDropVsOriginal, maxGain, minSamples };
}

/** SHA-256 of the policy's canonical JSON, defaults filled in: goes into every verdict. */
export function policyDigest(policy: Policy): Digest {
  return sha256(canonicalJson(policy));
}
