/** Where the lead of another label (in relabel: of the new one) is to end, in logits. */
export interface LeadBand {
  /** Below this lead a sample is pushed on. */
  readonly margin: number;
  /** How far beyond the margin a sample is left alone; farther, it is led back. */
  readonly slack: number;
}

/** How far a lead is from being left alone, in logits: negative within the band. */
export function outsideBand(lead: number, { margin, slack }: LeadBand): number {
  return Math.max(margin - lead, lead - margin - slack);
}
