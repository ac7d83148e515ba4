import type { Random } from '../random.ts';

/** Fewer held-out samples of a class than this say too little about it: all classes are pooled. */
const fewestHeldOutPerClass = 5;

/**
 * For every forget sample the margin of its counterpart among unseen samples of its class: the
 * quantile (rank + u)/n_c of the class's held-out margins, where rank is the sample's own among
 * the n_c forget samples of the class and u ∈ [0, 1) is drawn once per class, so that small
 * requests are unbiased too.
 *
 * A class with fewer than {@link fewestHeldOutPerClass} held-out samples uses those of all classes.
 *
 * @param margins [k] margins of the forget samples, which only give the ranks
 * @returns [k] in logits
 */
export function matchedMargins(
  margins: Float32Array,
  labels: Int32Array,
  heldOutMargins: Float32Array,
  heldOutLabels: Int32Array,
  random: Random,
): Float32Array {
  const targets = new Float32Array(margins.length);
  const pooled = heldOutMargins.toSorted();
  for (const label of new Set(labels.toSorted())) {
    const ofClass = heldOutMargins.filter((_, i) => heldOutLabels[i] === label).toSorted();
    const reference = ofClass.length < fewestHeldOutPerClass ? pooled : ofClass;
    const jitter = random.uniform();
    const members = indicesOf(labels, label).sort(
      (a, b) => (margins[a] as number) - (margins[b] as number) || a - b,
    );
    for (const [rank, sample] of members.entries()) {
      targets[sample] = quantile(reference, (rank + jitter) / members.length);
    }
  }
  return targets;
}

/** Linear between the order statistics, which stand at (i + ½)/n. */
export function quantile(sorted: Float32Array, q: number): number {
  const position = Math.min(Math.max(q * sorted.length - 0.5, 0), sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

function indicesOf(labels: Int32Array, label: number): number[] {
  return [...labels.keys()].filter((i) => labels[i] === label);
}
