import type { LabelledSamples } from '@lethe/unlearning';

/** Rows from … to − 1. */
export function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/** Samples by their rows. */
export function rowsOf({ values, labels }: LabelledSamples, rows: Int32Array): LabelledSamples {
  const size = values.length / labels.length;
  const chosen = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) {
    chosen.set(values.subarray(row * size, (row + 1) * size), i * size);
  }
  return { values: chosen, labels: rows.map((row) => labels[row] as number) };
}
