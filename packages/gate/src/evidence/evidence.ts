import type { ModeName } from '@lethe/contracts';
import type { Augmentation } from '@lethe/unlearning/measures';

/** A piece of evidence, or the machine-readable reason why it could not be had. */
export type Found<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'missing'; readonly reason: string; readonly explanation: string };

/** Outputs of the network, row-major [n, classes] float32 logits. */
export type Logits = Float32Array;

/** What the three models say about the same samples. */
export interface ThreeViews {
  readonly candidate: Logits;
  readonly served: Logits;
  readonly original: Logits;
}

/** What they say about samples that none of them was trained on. */
export interface HeldOutEvidence extends ThreeViews {
  /** [n] true classes. */
  readonly labels: Int32Array;
  /** Which registered set each stretch of samples comes from, and its positions there. */
  readonly parts: readonly {
    readonly set: string;
    /** [count] positions within the set, ascending. */
    readonly rows: Uint32Array;
  }[];
  /** Some of them mirrored and shifted, where samples are images. */
  readonly copies?: Copies;
}

/** The candidate's outputs for augmented copies of labelled images. */
export interface Copies {
  readonly labels: Int32Array;
  readonly candidate: Readonly<Record<Augmentation, Logits>>;
}

/** What they say about the samples that one round was to forget. */
export interface ForgetEvidence extends ThreeViews {
  readonly sequence: number;
  readonly mode: ModeName;
  /** [n] labels in the training manifest. */
  readonly labels: Int32Array;
  /** Only in `relabel`: [n] the label that each was to get. */
  readonly targets?: Int32Array;
  readonly copies?: Copies;
}

export interface Version {
  readonly sequence: number;
  readonly weightsDigest: string;
}

/** What is known of the candidate's weights. */
export interface WeightsEvidence {
  readonly statedDigest: string;
  readonly actualDigest: string;
  /** The first value that is NaN or infinite, for people; `undefined` when there is none. */
  readonly nonFinite: string | undefined;
  /** Euclidean distances relative to the length of the vector they start from; NaN if unknown. */
  readonly distanceFromServed: number;
  readonly distanceFromOriginal: number;
  /** Share of the weights that differ from the served ones. */
  readonly changedShare: number;
}

/** Whether the samples that judge are fit to. */
export interface HygieneEvidence {
  /** Gate samples that may also have steered the round, by content. */
  readonly sharedWithStop: number;
  /** Gate samples that the training manifest names: they were left out. */
  readonly trainedOn: number;
  /** Gate samples that deletion requests name: they were left out too. */
  readonly excludedOnRequest: number;
  /** Gate samples left, of all that were registered, after those requests. */
  readonly left: number;
}

/**
 * Who asked for a class to be forgotten as a whole: the round that is judged, or an earlier one;
 * or one did, and its label is now given instead of another class.
 */
export type ForgottenBy = 'this round' | 'earlier rounds' | 'given again';

/** Everything that a judgement rests on; a verdict is a function of this and the policy. */
export interface Evidence {
  readonly mode: ModeName;
  readonly classNames: readonly string[];
  /** Classes that whole-class requests took away, by label: held-out checks leave them out. */
  readonly forgottenClasses: ReadonlyMap<number, ForgottenBy>;
  /** The round says that the model met the goal before, so that it changed nothing. */
  readonly alreadyForgotten: boolean;
  /** The model that the round started from, as its manifest states. */
  readonly parent: Version;
  /** What serves now. */
  readonly served: Version;
  readonly weights: Found<WeightsEvidence>;
  readonly hygiene: Found<HygieneEvidence>;
  readonly heldOut: Found<HeldOutEvidence>;
  readonly forget: Found<ForgetEvidence>;
  /** Forget sets of promoted rounds before this one that are still held, oldest first. */
  readonly earlier: Found<readonly ForgetEvidence[]>;
}
