import type { RoundEntry } from './history.ts';

export interface CheckView {
  readonly name: string;
  readonly outcome: string;
  readonly advisory: boolean;
  readonly reason: string;
  readonly explanation: string;
  /** Of the metric; empty where none was measured. */
  readonly title: string;
  readonly unit: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly intervalLow: number | null;
  readonly intervalHigh: number | null;
  readonly intervalMethod: string;
  /** From where to where a plot of the interval reaches; `null` where there is none to plot. */
  readonly plotRange: readonly [number, number] | null;
  readonly sampleCount: number;
  readonly adjustedPValue: number | null;
  readonly observed: number | null;
  readonly reference: number | null;
  readonly pooledSequences: readonly number[];
}

export interface VerdictView {
  readonly digest: string;
  readonly outcome: string;
  readonly policyName: string;
  readonly policyDigest: string;
  readonly servedSequence: number;
  readonly judgedTime: string;
  readonly evaluationSets: readonly { name: string; digest: string }[];
  readonly checks: readonly CheckView[];
}

export interface RoundView {
  readonly modelKey: string;
  readonly entry: RoundEntry;
  readonly manifestDigest: string;
  readonly seed: number;
  /** JSON. */
  readonly settings: string;
  readonly requests: readonly {
    requestId: string;
    emitter: string;
    samples: number;
    last: boolean;
  }[];
  readonly verdict: VerdictView | null;
  readonly decidedTime: string;
}
