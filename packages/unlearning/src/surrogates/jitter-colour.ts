import type { Random } from '../random.ts';

/** Contrast × 0.8–1.2 around mid-grey, brightness ± 0.1, clamped to [0, 1], in place. */
export function jitterColour(image: Float32Array, random: Random): void {
  const contrast = random.uniform(0.8, 1.2);
  const offset = 0.5 - 0.5 * contrast + random.uniform(-0.1, 0.1);
  for (let i = 0; i < image.length; i++) {
    image[i] = Math.min(1, Math.max(0, (image[i] as number) * contrast + offset));
  }
}
