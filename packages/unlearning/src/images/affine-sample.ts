/** [height, width, channels] of an image stored row-major, channels last. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Where output coordinates (−1 … 1 on both axes) are read in the input: scaled, turned, shifted. */
export interface Affine {
  /** Below 1 zooms in; negative mirrors. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** In half widths and half heights. */
  readonly shiftX: number;
  readonly shiftY: number;
  /** In radians. */
  readonly turn: number;
}

/**
 * Samples an image under an affine map: bilinear, mirrored at the borders.
 *
 * @param source holds the image at `from`, row-major
 * @param target gets it at `to`
 */
export function affineSample(
  source: Float32Array,
  from: number,
  target: Float32Array,
  to: number,
  { height, width, channels }: ImageShape,
  { scaleX, scaleY, shiftX, shiftY, turn }: Affine,
): void {
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const lastColumn = (width - 1) * channels;
  const rowSize = width * channels;
  let out = to;
  for (let i = 0; i < height; i++) {
    const y = scaleY * ((2 * i + 1) / height - 1);
    for (let j = 0; j < width; j++) {
      const x = scaleX * ((2 * j + 1) / width - 1);
      const column = positionOf(cos * x - sin * y + shiftX, width);
      const row = positionOf(sin * x + cos * y + shiftY, height);
      const left = Math.floor(column);
      const top = Math.floor(row);
      const a = from + top * rowSize + left * channels;
      const right = left * channels < lastColumn ? channels : 0;
      const down = top < height - 1 ? rowSize : 0;
      for (let c = a; c < a + channels; c++) {
        const above = mix(source[c] as number, source[c + right] as number, column - left);
        const below = mix(
          source[c + down] as number,
          source[c + down + right] as number,
          column - left,
        );
        target[out++] = mix(above, below, row - top);
      }
    }
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/** The pixel position of a coordinate, mirrored at −½ and size − ½, then held to pixels. */
function positionOf(coordinate: number, size: number): number {
  const period = 2 * size;
  const place = ((coordinate + 1) * size) / 2;
  const shifted = place - period * Math.floor(place / period);
  const mirrored = (shifted < size ? shifted : period - shifted) - 0.5;
  return Math.min(Math.max(mirrored, 0), size - 1);
}
