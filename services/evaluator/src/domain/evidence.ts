import type { ModeName } from './policy.ts';

/** Predicted class per sample, [n] int32; −1 where the network's output was not finite. */
export type Predictions = Int32Array;

/** A piece of evidence, or the machine-readable reason why it could not be had. */
export type Found<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'missing'; readonly reason: string; readonly explanation: string };

/** What the three models say about samples that none of them was trained on. */
export interface HeldOutEvidence {
  /** [n] true classes. */
  readonly labels: Int32Array;
  readonly candidate: Predictions;
  readonly served: Predictions;
  readonly original: Predictions;
}

/** What the candidate says about the samples that it was to forget. */
export interface ForgetEvidence {
  /** [n] labels in the training manifest. */
  readonly labels: Int32Array;
  readonly candidate: Predictions;
  /** Only in `relabel`: [n] the label that each was to get. */
  readonly targets?: Int32Array;
}

export interface Version {
  readonly sequence: number;
  readonly weightsDigest: string;
}

/** Everything that a judgement rests on; a verdict is a function of this and the policy. */
export interface Evidence {
  readonly mode: ModeName;
  readonly classNames: readonly string[];
  /** Classes that whole-class requests took away: held-out checks leave them out. */
  readonly forgottenClasses: ReadonlySet<number>;
  /** The model that the round started from, as its manifest states. */
  readonly parent: Version;
  /** What serves now. */
  readonly served: Version;
  readonly weights: Found<{
    readonly statedDigest: string;
    readonly actualDigest: string;
    /** The first value that is NaN or infinite, for people; `undefined` when there is none. */
    readonly nonFinite: string | undefined;
  }>;
  readonly heldOut: Found<HeldOutEvidence>;
  readonly forget: Found<ForgetEvidence>;
}
