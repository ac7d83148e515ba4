import type { LabelledSamples } from './round.ts';

/** All samples of the sets, set after set, in arrays of their own. */
export function joinSamples(sets: readonly LabelledSamples[]): LabelledSamples {
  const values = new Float32Array(sets.reduce((sum, set) => sum + set.values.length, 0));
  const labels = new Int32Array(sets.reduce((sum, set) => sum + set.labels.length, 0));
  let [valueAt, labelAt] = [0, 0];
  for (const set of sets) {
    values.set(set.values, valueAt);
    labels.set(set.labels, labelAt);
    valueAt += set.values.length;
    labelAt += set.labels.length;
  }
  return { values, labels };
}
