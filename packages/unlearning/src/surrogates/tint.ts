import type { Random } from '../random.ts';

/** Each channel × e^N(0, 0.2²), in place; not clamped. */
export function tint(image: Float32Array, channels: number, random: Random): void {
  const gains = Float64Array.from({ length: channels }, () => Math.exp(0.2 * random.normal()));
  for (let i = 0; i < image.length; i++) {
    image[i] = (image[i] as number) * (gains[i % channels] as number);
  }
}
