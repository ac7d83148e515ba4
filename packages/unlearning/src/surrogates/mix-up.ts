/**
 * Replaces a sample by the weighted mean of itself and another (MixUp, Zhang et al. 2018).
 *
 * @param samples holds the sample that is changed at `at`; `other` the other one from 0
 * @param share of the other one
 */
export function mixUp(samples: Float32Array, at: number, other: Float32Array, share: number): void {
  for (let i = 0; i < other.length; i++) {
    const own = samples[at + i] as number;
    samples[at + i] = own + ((other[i] as number) - own) * share;
  }
}
