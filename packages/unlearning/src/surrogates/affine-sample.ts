/** [height, width, channels] of an image stored row-major, channels last. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Where output coordinates (−1 … 1 on both axes) are read in the input, per axis. */
export interface Affine {
  /** Below 1 zooms in; negative mirrors. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** In half widths and half heights. */
  readonly shiftX: number;
  readonly shiftY: number;
}

/**
 * Samples an image under an affine map of its axes: bilinear, mirrored at the borders.
 *
 * @param source holds the image at `from`, row-major
 * @param target gets it at `to`
 */
export function affineSample(
  source: Float32Array,
  from: number,
  target: Float32Array,
  to: number,
  shape: ImageShape,
  affine: Affine,
): void {
  const { height, width, channels } = shape;
  const columns = readAt(width, affine.scaleX, affine.shiftX, channels);
  const rows = readAt(height, affine.scaleY, affine.shiftY, width * channels);
  let out = to;
  for (let y = 0; y < height; y++) {
    const top = from + (rows.low[y] as number);
    const bottom = from + (rows.high[y] as number);
    const v = rows.share[y] as number;
    for (let x = 0; x < width; x++) {
      const left = columns.low[x] as number;
      const right = columns.high[x] as number;
      const u = columns.share[x] as number;
      for (let c = 0; c < channels; c++) {
        const a = source[top + left + c] as number;
        const b = source[top + right + c] as number;
        const d = source[bottom + left + c] as number;
        const e = source[bottom + right + c] as number;
        const above = a + (b - a) * u;
        target[out++] = above + (d + (e - d) * u - above) * v;
      }
    }
  }
}

/** For every output position of one axis: the two input offsets it lies between, and how far. */
function readAt(size: number, scale: number, shift: number, stride: number) {
  const low = new Int32Array(size);
  const high = new Int32Array(size);
  const share = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const coordinate = ((2 * i + 1) / size - 1) * scale + shift;
    const position = reflect(((coordinate + 1) * size - 1) / 2, size);
    const below = Math.floor(position);
    low[i] = below * stride;
    high[i] = Math.min(below + 1, size - 1) * stride;
    share[i] = position - below;
  }
  return { low, high, share };
}

/** Mirrors a position at −½ and size − ½ until it lies between them, then clamps to pixels. */
function reflect(position: number, size: number): number {
  const period = 2 * size;
  const shifted = (((position + 0.5) % period) + period) % period;
  const mirrored = shifted < size ? shifted : period - shifted;
  return Math.min(Math.max(mirrored - 0.5, 0), size - 1);
}
