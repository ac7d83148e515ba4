import type { Random } from '../random.ts';
import { mixUp } from './mix-up.ts';
import type { Surrogates } from './surrogates.ts';

/**
 * For samples that are not images: two random samples mixed (0.3 to 0.7 of the second), plus
 * Gaussian noise of random strength, a fifth to all of `noise` spreads of each feature. Never the
 * sample itself, unless all values of all samples are the same: what is to be forgotten must not be
 * among what is kept.
 *
 * @param samples row-major [n, size]
 * @param noise in spreads of a feature over the samples
 */
export function vectorSurrogates(
  samples: Float32Array,
  size: number,
  noise: number,
  random: Random,
): Surrogates {
  const count = samples.length / size;
  const spread = spreads(samples, size);
  return {
    fill(into) {
      for (let at = 0; at < into.length; at += size) {
        const [a, b] = [random.integer(count) * size, random.integer(count) * size];
        into.set(samples.subarray(a, a + size), at);
        mixUp(into, at, samples.subarray(b, b + size), random.uniform(0.3, 0.7));
        const strength = random.uniform(0.2 * noise, noise);
        for (let i = 0; i < size; i++) {
          into[at + i] =
            (into[at + i] as number) + strength * (spread[i] as number) * random.normal();
        }
      }
    },
  };
}

/**
 * Standard deviation of each feature, but at least half of that over all values: one sample
 * alone has no spread of its own.
 */
function spreads(samples: Float32Array, size: number): Float32Array {
  const floor = deviation(samples, 0, 1) / 2;
  return Float32Array.from({ length: size }, (_, i) =>
    Math.max(floor, deviation(samples, i, size)),
  );
}

function deviation(values: Float32Array, from: number, stride: number): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let i = from; i < values.length; i += stride) {
    const value = values[i] as number;
    count += 1;
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}
