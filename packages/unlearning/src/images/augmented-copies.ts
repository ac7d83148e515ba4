/**
 * Copies of images whose residual knowledge is asked for: a model that only forgot exact pixels
 * still knows them mirrored or moved.
 */
export const augmentations = ['mirrored', 'shifted'] as const;
export type Augmentation = (typeof augmentations)[number];

/**
 * @param values row-major [n, height, width, channels]
 * @returns `mirrored`: left and right exchanged. `shifted`: moved one eighth down and right (at
 *   least a pixel), the edge repeated.
 */
export function augmentedCopies(
  values: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  augmentation: Augmentation,
): Float32Array {
  const size = height * width * channels;
  const copies = new Float32Array(values.length);
  const [down, right] = [Math.max(1, height >> 3), Math.max(1, width >> 3)];
  for (let start = 0; start < values.length; start += size) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [fromY, fromX] =
          augmentation === 'mirrored'
            ? [y, width - 1 - x]
            : [Math.max(0, y - down), Math.max(0, x - right)];
        const from = start + (fromY * width + fromX) * channels;
        copies.set(values.subarray(from, from + channels), start + (y * width + x) * channels);
      }
    }
  }
  return copies;
}
