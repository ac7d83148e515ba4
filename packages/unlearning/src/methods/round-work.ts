import type { CarriedCurvature } from '../curvature/carried-curvature.ts';
import type { ForgetViews } from '../forget-views.ts';
import type { Goal } from '../goals/goal.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LostClass } from '../losses/lost-classes.ts';
import type { NetworkFunction } from '../network/network-function.ts';
import type { Random } from '../random.ts';
import type { LabelledSamples, Mode, RoundProgress } from '../round.ts';

/** Forget samples in the two forms that are needed; `n` is k, or k times their views. */
export interface ForgetSet {
  /** As read: [n, …sampleShape]. */
  readonly values: Float32Array;
  /** Preprocessed for the network. */
  readonly input: Float32Array;
  /** [n] */
  readonly labels: Int32Array;
}

/** What a method gets: everything a round knows, and nothing of where it came from. */
export interface RoundWork {
  readonly network: NetworkFunction;
  readonly mode: Mode;
  readonly goal: Goal;
  readonly views: ForgetViews;
  /** In all views. */
  readonly forget: ForgetSet;
  readonly heldOut: LabelledSamples | undefined;
  /** Samples to learn on; none but for methods that need them. */
  readonly retain: LabelledSamples;
  /** Those that this round or an earlier one makes the network lose as a whole. */
  readonly lostClasses: readonly LostClass[];
  /** [n, classes] of the held-out samples under θ⁰; computed when first asked for. */
  readonly heldOutLogits: () => Promise<Float32Array>;
  /** θ at the start of the round: what is served. [parameters] */
  readonly served: Float32Array;
  /** θ⁰, the network as it was imported. [parameters] */
  readonly original: Float32Array;
  /** Share of the forget set given its label by the served network. */
  readonly forgetAccuracyBefore: number;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly meter: Meter;
  /**
   * To be called once a step: reports, lets the event loop turn, and
   * @throws LetheError `cancelled` once the round's signal is aborted
   */
  readonly checkpoint: (progress: Omit<RoundProgress, 'imagePasses'>) => Promise<void>;
}

/** Counts images; methods add to it. */
export interface Meter {
  /** Through a training step, or through any other gradient. */
  training: number;
  /** Through a forward pass only. */
  forward: number;
}

export interface MethodResult {
  readonly outcome: 'forgotten' | 'not_converged' | 'diverged';
  /** Where the method ended; not used when it diverged. [parameters] */
  readonly theta: Float32Array;
  readonly steps: number;
  /** For the ledger, where the method has measured it. */
  readonly curvature?: CarriedCurvature | undefined;
}
