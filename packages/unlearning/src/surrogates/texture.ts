import type { ImageShape } from '../images/affine-sample.ts';
import type { Random } from '../random.ts';

/**
 * A picture of nothing: noise whose spectrum falls like that of natural images (amplitude f^−α
 * with α 0.6 to 1.8; Baradad et al. 2021 learn from such pictures), in correlated random
 * colours, around a random mean. It needs no data at all.
 *
 * @returns row-major [height, width, channels], clamped to [0, 1]
 */
export function texture(shape: ImageShape, random: Random): Float32Array {
  const { height, width, channels } = shape;
  const slope = 1 - random.uniform(0.6, 1.8);
  const plain = Array.from({ length: channels }, () => noise(shape, slope, random));
  const image = new Float32Array(height * width * channels);
  for (let c = 0; c < channels; c++) {
    for (const [from, layer] of plain.entries()) {
      const weight = 0.5 + (from === c ? 1 : 0) + 0.5 * random.normal();
      for (let i = 0; i < layer.length; i++) {
        const at = i * channels + c;
        image[at] = (image[at] as number) + weight * (layer[i] as number);
      }
    }
  }
  const size = deviation(image);
  const contrast = random.uniform(0.12, 0.32) / Math.max(size, 1e-9);
  const means = Float64Array.from({ length: channels }, () => random.uniform(0.2, 0.8));
  return image.map((value, i) =>
    Math.min(1, Math.max(0, value * contrast + (means[i % channels] as number))),
  );
}

/** Octaves of noise on grids of 2, 4, 8 … cells, amplitude (cells)^slope: [height · width]. */
function noise({ height, width }: ImageShape, slope: number, random: Random): Float32Array {
  const sum = new Float32Array(height * width);
  for (let cells = 2; cells <= Math.max(2, height, width); cells *= 2) {
    const side = cells + 1;
    const amplitude = cells ** slope;
    const grid = Float32Array.from({ length: side * side }, () => amplitude * random.normal());
    for (let i = 0; i < height; i++) {
      const [top, v] = split(((i + 0.5) / height) * cells);
      for (let j = 0; j < width; j++) {
        const [left, u] = split(((j + 0.5) / width) * cells);
        const a = top * side + left;
        const above = mix(grid[a] as number, grid[a + 1] as number, u);
        const below = mix(grid[a + side] as number, grid[a + side + 1] as number, u);
        const at = i * width + j;
        sum[at] = (sum[at] as number) + mix(above, below, v);
      }
    }
  }
  return sum;
}

function split(position: number): [number, number] {
  const whole = Math.floor(position);
  return [whole, position - whole];
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function deviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}
