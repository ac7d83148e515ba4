/** What a method comes to on a row, and what that was paid with. */
export interface SeedFigure {
  readonly method: string;
  /** In the unit of the published figure. */
  readonly value: number;
  /** The same before anything was unlearned, where that says something. */
  readonly before?: number;
  /** Percent of the forget set still given its label. */
  readonly stillKnown: number;
  /** Of the round; where several networks unlearn, of each. */
  readonly outcome: string;
  readonly k: number;
  /** Of all networks that unlearn together, as what follows. */
  readonly steps: number;
  readonly imagePasses: number;
  readonly seconds: number;
}
