/** Samples, and how well the original network knows them. */
export interface KnownSamples {
  /** [n] in logits (`steadyMargins`). */
  readonly steady: Float32Array;
  readonly labels: Int32Array;
}

export interface UnseenSamples extends KnownSamples {
  /** [n] in logits, under the served network. */
  readonly margins: Float32Array;
}

/** Fewer held-out samples of a class than this say too little about it: all are taken for it. */
const fewestHeldOutPerClass = 5;

/** Bins of places. */
export const standingBins = 64;

/** Which samples were forgotten so far: the original network's view of them. */
export interface Standings {
  /**
   * How many stood in each 64th of all unseen samples: [standingBins] for each view, as they are
   * and mirrored.
   */
  readonly places: Float32Array;
  /** How many of each class there were: [classes] */
  readonly classes: Float32Array;
}

/**
 * For every forget sample the margin of its counterpart among unseen samples.
 *
 * A training sample that the network finds easy is one that it would have found easy unseen, and
 * likewise down to the hardest ones: between networks trained with and without some samples, these
 * keep their order (decision 0160). So each is given the place among unseen samples that it has
 * among forgotten ones, ordered by how well the original network knows them; among all that were
 * forgotten so far, since few samples say little of where one stands among many:
 *   q = (earlier ones below it + those of this round below it + u) / (all of both),
 * with u ∈ [0, 1) drawn once a round, so that a first request of one sample is unbiased too. The
 * target is the q-quantile of the margins that held-out samples have now, in which each class has
 * the weight that it has among all that were forgotten (decision 0162).
 *
 * @param earlier places in this view of all earlier rounds: [standingBins]
 * @param classes how many of each were forgotten, this round included: [classes]
 * @param u
 * @returns [k] in logits; and the places with this round's samples
 */
export function matchedMargins(
  forget: KnownSamples,
  heldOut: UnseenSamples,
  earlier: Float32Array,
  classes: Float32Array,
  u: number,
): { readonly targets: Float32Array; readonly places: Float32Array } {
  const k = forget.labels.length;
  const known = heldOut.steady.toSorted();
  const at = forget.steady.map((margin) => standing(known, margin));
  const order = Int32Array.from({ length: k }, (_, i) => i).sort(
    (a, b) => (forget.steady[a] as number) - (forget.steady[b] as number) || a - b,
  );
  const quantile = weightedQuantile(heldOut.margins, weightsOf(heldOut.labels, classes));
  const total = k + earlier.reduce((sum, count) => sum + count, 0);
  const targets = new Float32Array(k);
  const places = earlier.slice();
  for (const [rank, sample] of order.entries()) {
    const place = at[sample] as number;
    targets[sample] = quantile((countBelow(earlier, place) + rank + u) / total);
    (places[binOf(place)] as number)++;
  }
  return { targets, places };
}

/** How many samples there are of each class, besides those counted before. */
export function countClasses(labels: Int32Array, before: Float32Array): Float32Array {
  const counts = before.slice();
  for (const label of labels) (counts[label] as number)++;
  return counts;
}

/** What each held-out sample counts for, so that each class counts as often as it was forgotten. */
function weightsOf(labels: Int32Array, forgotten: Float32Array): Float32Array {
  const unseen = countClasses(labels, new Float32Array(forgotten.length));
  const isRare = (label: number) => (unseen[label] as number) < fewestHeldOutPerClass;
  const ofRare = forgotten.reduce((sum, count, label) => sum + (isRare(label) ? count : 0), 0);
  return Float32Array.from(labels, (label) => {
    const own = isRare(label) ? 0 : (forgotten[label] as number) / (unseen[label] as number);
    return own + ofRare / labels.length;
  });
}

/**
 * Linear between the order statistics of values that weigh something, each of which stands in the
 * middle of its weight: at (i + ½)/n where all weigh the same.
 */
export function weightedQuantile(
  values: Float32Array,
  weights: Float32Array,
): (q: number) => number {
  const order = Int32Array.from(values, (_, i) => i)
    .filter((i) => (weights[i] as number) > 0)
    .sort((a, b) => (values[a] as number) - (values[b] as number));
  const sorted = Float32Array.from(order, (i) => values[i] as number);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let below = 0;
  const middles = Float64Array.from(order, (i) => {
    const weight = weights[i] as number;
    below += weight;
    return (below - weight / 2) / total;
  });
  const last = sorted.length - 1;
  return (q) => {
    const next = middles.findIndex((middle) => middle > q);
    if (next === 0) return sorted[0] as number;
    if (next < 0) return sorted[last] as number;
    const [low, high] = [sorted[next - 1] as number, sorted[next] as number];
    const [from, to] = [middles[next - 1] as number, middles[next] as number];
    return low + ((high - low) * (q - from)) / (to - from);
  };
}

/** Which quantile a value is where all weigh the same; 0 below all and 1 above all. */
export function standing(sorted: Float32Array, value: number): number {
  const n = sorted.length;
  const above = sorted.findIndex((each) => each > value);
  if (above === 0) return 0;
  if (above < 0) return 1;
  const low = sorted[above - 1] as number;
  const high = sorted[above] as number;
  return (above - 0.5 + (value - low) / (high - low)) / n;
}

function binOf(place: number): number {
  return Math.min(standingBins - 1, Math.floor(place * standingBins));
}

/** As though those in a bin stood evenly in it. */
function countBelow(places: Float32Array, place: number): number {
  const bin = binOf(place);
  const share = place * standingBins - bin;
  return (
    places.subarray(0, bin).reduce((sum, count) => sum + count, 0) + share * (places[bin] as number)
  );
}
