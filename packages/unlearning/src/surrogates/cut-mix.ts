import type { ImageShape } from '../images/affine-sample.ts';
import type { Random } from '../random.ts';

/**
 * Copies a random rectangle, a quarter to three quarters of each side, from one image into
 * another at the same place (CutMix, Yun et al. 2019).
 *
 * @param image holds the image that is changed at `at`; `patch` the other one from 0
 */
export function cutMix(
  image: Float32Array,
  at: number,
  patch: Float32Array,
  { height, width, channels }: ImageShape,
  random: Random,
): void {
  const rows = sideOf(height, random);
  const columns = sideOf(width, random);
  const top = random.integer(height - rows + 1);
  const left = random.integer(width - columns + 1);
  for (let y = top; y < top + rows; y++) {
    const start = (y * width + left) * channels;
    image.set(patch.subarray(start, start + columns * channels), at + start);
  }
}

function sideOf(size: number, random: Random): number {
  const shortest = Math.max(1, Math.round(size / 4));
  const longest = Math.max(shortest, Math.round((3 * size) / 4));
  return shortest + random.integer(longest - shortest + 1);
}
