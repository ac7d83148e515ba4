/** Samples, and how well the original network knows them. */
export interface KnownSamples {
  /** [n] in logits (`steadyMargins`). */
  readonly steady: Float32Array;
  readonly labels: Int32Array;
}

export interface UnseenSamples extends KnownSamples {
  /** [n] in logits. */
  readonly margins: Float32Array;
}

/** Fewer held-out samples of a class than this say too little about it: all classes are pooled. */
const fewestHeldOutPerClass = 5;

/** Bins of {@link Standings}. */
export const standingBins = 64;

/**
 * Where the original network had the samples that were forgotten so far, among unseen samples of
 * their class: how many stood in each 64th of those. [standingBins]
 */
export type Standings = Float32Array;

/**
 * For every forget sample the margin of its counterpart among unseen samples of its class.
 *
 * A training sample that the network finds easy is one that it would have found easy unseen, and
 * likewise down to the hardest ones: between networks trained with and without some samples, these
 * keep their order (decision 0160). So each is given the place among unseen samples that it has
 * among forgotten ones. Its place among forgotten ones is told by how far up among unseen samples
 * of its class it stands, by how well the original network knows it, which makes classes
 * comparable; and by all that were forgotten so far, since few samples say little of where one
 * stands among many:
 *   q = (earlier ones below it + those of this round below it + u) / (all of both),
 * with u ∈ [0, 1) drawn once a round, so that a first request of one sample is unbiased too. The
 * target is the q-quantile of the held-out margins of its class.
 *
 * A class with fewer than {@link fewestHeldOutPerClass} held-out samples uses those of all classes.
 *
 * @param earlier of all earlier rounds
 * @param u
 * @returns [k] in logits; and `earlier` with this round's samples
 */
export function matchedMargins(
  forget: KnownSamples,
  heldOut: UnseenSamples,
  earlier: Standings,
  u: number,
): { readonly targets: Float32Array; readonly standings: Standings } {
  const k = forget.labels.length;
  const unseen = unseenByClass(heldOut);
  const places = forget.steady.map((margin, i) =>
    standing(unseen(forget.labels[i] as number).steady, margin),
  );
  const order = Int32Array.from({ length: k }, (_, i) => i).sort(
    (a, b) =>
      (places[a] as number) - (places[b] as number) ||
      (forget.steady[a] as number) - (forget.steady[b] as number) ||
      a - b,
  );
  const total = k + earlier.reduce((sum, count) => sum + count, 0);
  const targets = new Float32Array(k);
  const standings = earlier.slice();
  for (const [rank, sample] of order.entries()) {
    const place = places[sample] as number;
    const q = (countBelow(earlier, place) + rank + u) / total;
    targets[sample] = quantile(unseen(forget.labels[sample] as number).margins, q);
    (standings[binOf(place)] as number)++;
  }
  return { targets, standings };
}

/** Linear between the order statistics, which stand at (i + ½)/n. */
export function quantile(sorted: Float32Array, q: number): number {
  const position = Math.min(Math.max(q * sorted.length - 0.5, 0), sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/** The other way: which quantile a value is, 0 below all and 1 above all. */
export function standing(sorted: Float32Array, value: number): number {
  const n = sorted.length;
  const above = sorted.findIndex((each) => each > value);
  if (above === 0) return 0;
  if (above < 0) return 1;
  const low = sorted[above - 1] as number;
  const high = sorted[above] as number;
  return (above - 0.5 + (value - low) / (high - low)) / n;
}

/** Held-out margins of a class, either kind ascending. */
function unseenByClass({
  margins,
  steady,
  labels,
}: UnseenSamples): (label: number) => Omit<UnseenSamples, 'labels'> {
  const pooled = { margins: margins.toSorted(), steady: steady.toSorted() };
  const known = new Map<number, Omit<UnseenSamples, 'labels'>>();
  return (label) => {
    const found = known.get(label);
    if (found !== undefined) return found;
    const ofClass = (values: Float32Array) => values.filter((_, i) => labels[i] === label);
    const own = { margins: ofClass(margins).toSorted(), steady: ofClass(steady).toSorted() };
    const reference = own.margins.length < fewestHeldOutPerClass ? pooled : own;
    known.set(label, reference);
    return reference;
  };
}

function binOf(place: number): number {
  return Math.min(standingBins - 1, Math.floor(place * standingBins));
}

/** As though those in a bin stood evenly in it. */
function countBelow(standings: Standings, place: number): number {
  const bin = binOf(place);
  const share = place * standingBins - bin;
  return (
    standings.subarray(0, bin).reduce((sum, count) => sum + count, 0) +
    share * (standings[bin] as number)
  );
}
