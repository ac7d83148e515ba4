import type { ModeName } from '@lethe/contracts';
import type * as tf from '@tensorflow/tfjs';

/** What forgetting means, see docs/unlearning.md. */
export type Mode = ModeName;

/** Labelled samples, values as read ([0, 1] pixels), on the host. */
export interface LabelledSamples {
  /** Row-major [n, ...shape] float32. */
  readonly values: Float32Array;
  /** [n] */
  readonly labels: Int32Array;
}

/** The network to change: samples as read in, logits [n, classes] out. Structure only, no dataset in it. */
export interface Network {
  readonly model: tf.LayersModel;
  readonly sampleShape: readonly number[];
  readonly classCount: number;
  /** Values are pixels in [0, 1]: surrogates may flip, shift, cut and clamp them. */
  readonly isImage: boolean;
  /** Network input = (x · scale − mean) / std per channel. */
  readonly preprocessing: {
    readonly scale: number;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
}

/** One round of unlearning: everything it depends on. Same input and backend, same bytes out. */
export interface RoundInput {
  readonly network: Network;
  /** Weights at the start of the round, in the order of `network.model.getWeights()`. */
  readonly weights: readonly Float32Array[];
  /** Weights of the model as it was imported (θ⁰), same order. */
  readonly originalWeights: readonly Float32Array[];
  /** What earlier rounds left behind; `undefined` before the first one. */
  readonly state: Uint8Array | undefined;
  readonly forget: LabelledSamples;
  /**
   * Not in `untrain`: classes that are to be lost as a whole, of which `forget` holds some samples;
   * in `relabel` in favour of the label that those get, all the same one. Later rounds keep them
   * lost: the state remembers which they are.
   */
  readonly forgetClasses?: readonly number[];
  /** Only in `relabel`: the label each forget sample should get. */
  readonly targetLabels?: Int32Array;
  readonly mode: Mode;
  /** Name of the method, see `methods`. */
  readonly method: string;
  /** Overrides of the method's settings. */
  readonly settings: Readonly<Record<string, number | boolean | string>>;
  /** Labelled held-out samples (role `stop`); `untrain` needs them. */
  readonly heldOut: LabelledSamples | undefined;
  /**
   * Labelled training samples that stay, none of them forgotten now or before; only `finetune` and
   * `retrain` need them.
   */
  readonly retain?: LabelledSamples;
  readonly seed: number;
}

export interface RoundProgress {
  readonly phase: 'preparing' | 'forgetting' | 'repairing' | 'importance';
  readonly step: number;
  readonly stepLimit: number;
  /** Share of the forget set still given its label. */
  readonly forgetAccuracy: number;
  readonly imagePasses: number;
}

export type RoundOutcome = 'forgotten' | 'already_forgotten' | 'not_converged' | 'diverged';

export interface RoundResult {
  readonly outcome: RoundOutcome;
  /** New weights; the old ones when `already_forgotten` or `diverged`. */
  readonly weights: readonly Float32Array[];
  /**
   * State for the next round: constant size, no sample and no perturbation of one in it. The old one
   * when `diverged`, and when `already_forgotten` but for the count of samples by place in `untrain`.
   */
  readonly state: Uint8Array;
  readonly metrics: {
    readonly steps: number;
    /** Images through a training step plus images through a forward pass only. */
    readonly imagePasses: number;
    /** Images through a training step or another gradient. */
    readonly trainingPasses: number;
    /** Images through a forward pass only. */
    readonly forwardPasses: number;
    readonly forgetAccuracyBefore: number;
    readonly forgetAccuracyAfter: number;
  };
  /** The settings used, defaults included: canonical JSON goes into the manifest. */
  readonly settings: Readonly<Record<string, number | boolean | string>>;
}

export interface RoundHooks {
  readonly onProgress?: (progress: RoundProgress) => void;
  /** Checked every step; the round then throws a LetheError `cancelled`. */
  readonly signal?: AbortSignal;
}
