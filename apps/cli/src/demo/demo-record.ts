/** One attempt of the demo's lineage, as its table and its report show it. */
export interface RoundRecord {
  readonly sequence: number;
  readonly method: string;
  readonly ladderStep: number;
  readonly requests: number;
  readonly images: number;
  readonly promoted: boolean;
  /** Sentences of the checks that did not pass. */
  readonly reasons: readonly string[];
  /** Share of the round's forget set still given its label, by the candidate. */
  readonly forgetAccuracy: number;
  /** The same over all earlier promoted rounds' forget sets; undefined before the second. */
  readonly forgetAccuracyEarlier: number | undefined;
  readonly heldOutAccuracy: number;
  /** Seconds of the round itself, without waiting. */
  readonly seconds: number;
}

/** What one run of `lethe demo` did. */
export interface DemoRecord {
  readonly modelKey: string;
  readonly mode: string;
  readonly backend: string;
  readonly startedAt: Date;
  readonly seconds: number;
  readonly heldOutCount: number;
  readonly heldOutAccuracyBefore: number;
  readonly rounds: readonly RoundRecord[];
  readonly requests: {
    readonly completed: number;
    readonly noMatch: number;
    readonly total: number;
  };
}
