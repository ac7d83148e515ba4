import { copyRows } from './copy-rows.ts';
import type { LabelledSamples, Mode } from './round.ts';

/**
 * Which held-out samples methods are given. In `untrain` those are every second one of each class;
 * the others are only looked at, so that over hundreds of rounds they go wherever unseen samples
 * go. Those that networks are held on stay behind, and forgotten samples with them that are led to
 * where those stand (decision 0177). Other modes look at none, and methods are given all.
 *
 * @param labels [n]
 * @returns rows, in order
 */
export function rowsForMethods(mode: Mode, labels: Int32Array): Int32Array {
  const seen = new Map<number, number>();
  return Int32Array.from(labels, (_, row) => row).filter((row) => {
    const label = labels[row] as number;
    const earlier = seen.get(label) ?? 0;
    seen.set(label, earlier + 1);
    return mode !== 'untrain' || earlier % 2 === 1;
  });
}

/** The held-out samples that methods are given; undefined where there are none. */
export function heldOutForMethods(
  mode: Mode,
  heldOut: LabelledSamples | undefined,
): LabelledSamples | undefined {
  if (heldOut === undefined || mode !== 'untrain') return heldOut;
  const rows = rowsForMethods(mode, heldOut.labels);
  if (rows.length === 0) return undefined;
  const size = heldOut.values.length / heldOut.labels.length;
  const values = new Float32Array(rows.length * size);
  copyRows(values, heldOut.values, rows, size);
  return { values, labels: rows.map((row) => heldOut.labels[row] as number) };
}

/**
 * Margins that held-out samples would have if no round had been held on any. One that methods are
 * given has moved from where the original network had it as its counterpart has: the sample at the
 * same rank, by the original margins of its class, among those that are only looked at.
 *
 * @param original [n] in logits
 * @param served [n] in logits
 * @param labels [n]
 * @returns [n] in logits
 */
export function marginsUnheld(
  original: Float32Array,
  served: Float32Array,
  labels: Int32Array,
): Float32Array {
  const margins = served.slice();
  const isGiven = new Uint8Array(labels.length);
  for (const row of rowsForMethods('untrain', labels)) isGiven[row] = 1;
  const ascending = Int32Array.from(labels, (_, row) => row).sort(
    (a, b) => (original[a] as number) - (original[b] as number) || a - b,
  );
  for (const label of new Set(labels)) {
    const ofClass = ascending.filter((row) => labels[row] === label);
    const given = ofClass.filter((row) => isGiven[row] === 1);
    // Never empty: the first of a class is one of them.
    const lookedAt = ofClass.filter((row) => isGiven[row] === 0);
    for (const [rank, row] of given.entries()) {
      const place = Math.floor(((rank + 0.5) / given.length) * lookedAt.length);
      const other = lookedAt[place] as number;
      const moved = (served[other] as number) - (original[other] as number);
      margins[row] = (original[row] as number) + moved;
    }
  }
  return margins;
}
