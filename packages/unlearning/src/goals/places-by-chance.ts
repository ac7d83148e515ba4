import { normalCdf, normalQuantile } from '../measures/statistics/normal.ts';
import type { Random } from '../random.ts';

/**
 * Networks that never saw a sample do not agree on it: where it stands with one of them is chance
 * in part. What the original network knows of it is the same for all, and samples led to just that
 * place would be told from unseen ones by how well networks agree on them (decision 0171). So a
 * place among unseen samples, q, is moved:
 *   q′ = Φ(√(1 − share) Φ⁻¹(q) + √share ε),
 * ε normal. Evenly distributed q give evenly distributed q′: samples stand where unseen ones do as
 * before, and only which of them stands where is less certain. The ε of a round are spread evenly,
 * one in each k-th of the distribution.
 *
 * @param k samples of the round
 * @param share of the variance that is chance, from 0 to 1
 * @returns q′ of a sample's q; of all its views by the same ε
 */
export function placesByChance(
  k: number,
  share: number,
  random: Random,
): (q: number, sample: number) => number {
  if (share === 0) return (q) => q;
  const luck = Float64Array.from(random.permutation(k), (rank) =>
    normalQuantile((rank + random.uniform()) / k),
  );
  const [kept, drawn] = [Math.sqrt(1 - share), Math.sqrt(share)];
  return (q, sample) => normalCdf(kept * normalQuantile(q) + drawn * (luck[sample] as number));
}
