/** Where the lead of another label (in relabel: of the new one) is to end, in logits. */
export interface LeadBand {
  /** [k] below this lead a forget sample is pushed on. */
  readonly margins: Float32Array;
  /** How far beyond its margin a sample is left alone; farther, it is led back. */
  readonly slack: number;
}

/**
 * How far leads are from being left alone, in logits: negative within the band.
 *
 * @param leads [n]
 * @param samples [n] indices of the forget samples that have them
 */
export function outsideBand(
  leads: Float32Array,
  samples: Int32Array,
  { margins, slack }: LeadBand,
): Float32Array {
  return leads.map((lead, row) => {
    const margin = margins[samples[row] as number] as number;
    return Math.max(margin - lead, lead - margin - slack);
  });
}
