import { canonicalJson, type Digest, type ModeName, sha256 } from '@lethe/contracts';
import type { MetricName } from './metrics.ts';

/**
 * What an undecided check does to promotion. `block`: the candidate does not pass.
 * `block_if_outside`: it does not where the estimate itself lies outside of the bounds. `record`:
 * it is written into the verdict as undecided, and the other checks decide.
 */
export const effects = ['block', 'block_if_outside', 'record'] as const;
export type Effect = (typeof effects)[number];

/** What the gate demands of one metric. */
export interface Rule {
  /** The least and the most that the metric may be; both allowed. */
  readonly low: number;
  readonly high: number;
  /** Fewer samples than this decide nothing. */
  readonly minSamples: number;
  readonly whenInconclusive: Effect;
  /** `record`: measured and shown, never a reason against promotion. */
  readonly whenFailed: 'block' | 'record';
}

/** A named part of the gate sets: samples that all given conditions hold for. */
export interface Slice {
  readonly classes?: readonly number[];
  /** Name of an evaluation set. */
  readonly set?: string;
  /** [from, to) positions within `set`. */
  readonly rows?: readonly (readonly [number, number])[];
}

export type Rules = Readonly<Partial<Record<MetricName, Rule>>>;

/** What the gate demands of a candidate, per mode. A change of meaning is a new version number. */
export interface Policy {
  readonly version: 2;
  readonly name: string;
  /** Of every interval, two-sided. */
  readonly confidence: number;
  /** Most that a candidate without fault may be failed by chance, over all its checks (Holm). */
  readonly familyError: number;
  /** Forgotten samples of successive rounds that are judged together while one round has too few. */
  readonly windowSamples: number;
  /** Unseen samples that each class of the forget set needs to be compared with. */
  readonly minHeldOutPerClass: number;
  /** Held-out samples that are looked at, evenly spaced, when there are more. */
  readonly maxHeldOutSamples: number;
  /** Earlier forgotten samples that are looked at for reversal, newest sets first. */
  readonly maxEarlierSamples: number;
  readonly slices: Readonly<Record<string, Slice>>;
  readonly modes: Readonly<Record<ModeName, Rules>>;
}

/** SHA-256 of the policy's canonical JSON, defaults filled in: goes into every verdict. */
export function policyDigest(policy: Policy): Digest {
  return sha256(canonicalJson(policy));
}
