/** The labels of some of the samples; all of them by default. */
export function labelsOf(labels: Int32Array, samples: Int32Array | undefined): Int32Array {
  return samples === undefined ? labels : samples.map((sample) => labels[sample] as number);
}
