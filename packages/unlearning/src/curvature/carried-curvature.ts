import * as tf from '@tensorflow/tfjs';
import type { AffineLayer } from '../network/affine-layers.ts';
import type { KroneckerBlock, KroneckerFactor } from './kronecker-block.ts';
import { widestFactor } from './second-moments.ts';

/**
 * Kronecker factors summed over the samples of many rounds, what lets a round of a few samples
 * know what samples are like: constant in size, whatever it has seen.
 *
 * Only layers behind the first ones are in it. There a factor is made of the samples themselves: of
 * one sample alone, of a dense layer, it *is* that sample.
 */
export interface CarriedCurvature {
  /** Samples in it, those of earlier rounds counted less; 0 or more. */
  readonly samples: number;
  /** Σ over samples of each factor, lower triangles and diagonals one after another, float32. */
  readonly sums: Float32Array;
}

/** Length of `sums`. */
export function carriedLength(layers: readonly AffineLayer[]): number {
  return layers
    .filter(({ inputFacing }) => !inputFacing)
    .flatMap(widths)
    .reduce((sum, width) => sum + packedLength(width), 0);
}

/**
 * What is known with one more round: γ times what is carried, plus as many times what has been
 * measured as there were samples.
 *
 * @param layers of the network, in order
 * @param blocks what was measured now, means over samples; those of layers that nothing came
 *   through may be missing
 * @param decay γ, 0 to 1
 */
export async function withMeasured(
  layers: readonly AffineLayer[],
  { samples, sums }: CarriedCurvature,
  blocks: readonly KroneckerBlock[],
  measured: { readonly samples: number; readonly decay: number },
): Promise<CarriedCurvature> {
  const next = sums.map((value) => value * measured.decay);
  let at = 0;
  for (const layer of layers) {
    if (layer.inputFacing) continue;
    const block = blocks.find((one) => one.layer.kernel.name === layer.kernel.name);
    for (const [side, width] of widths(layer).entries()) {
      const part = next.subarray(at, at + packedLength(width));
      at += part.length;
      if (block === undefined) continue;
      const factor = await (side === 0 ? block.a : block.g).data<'float32'>();
      addPacked(part, factor, width, measured.samples);
    }
  }
  return { samples: measured.decay * samples + measured.samples, sums: next };
}

/**
 * The blocks with the means of what is carried in place of what was measured in one round; those of
 * input-facing layers are the measured ones.
 *
 * @returns blocks whose factors are the caller's to dispose, as those given stay
 */
export function carriedBlocks(
  layers: readonly AffineLayer[],
  { samples, sums }: CarriedCurvature,
  blocks: readonly KroneckerBlock[],
): KroneckerBlock[] {
  const starts = new Map<string, number>();
  let end = 0;
  for (const layer of layers) {
    if (layer.inputFacing) continue;
    starts.set(layer.kernel.name, end);
    end += widths(layer).reduce((sum, width) => sum + packedLength(width), 0);
  }
  return blocks.map(({ layer, a, g }) => {
    const from = starts.get(layer.kernel.name);
    if (from === undefined) return { layer, a: a.clone(), g: g.clone() };
    const [inputs, outputs] = widths(layer);
    const middle = from + packedLength(inputs);
    const meanOf = (start: number, width: number) =>
      unpacked(sums.subarray(start, start + packedLength(width)), width, 1 / samples);
    return { layer, a: meanOf(from, inputs), g: meanOf(middle, outputs) };
  });
}

/** Of both factors. */
function widths({ bias, inputs, outputs }: AffineLayer): [number, number] {
  return [bias === undefined ? inputs : inputs + 1, outputs];
}

/** A lower triangle by rows, or a diagonal. */
function packedLength(width: number): number {
  return width > widestFactor ? width : (width * (width + 1)) / 2;
}

function addPacked(sum: Float32Array, factor: Float32Array, width: number, weight: number): void {
  let at = 0;
  for (let row = 0; at < sum.length; row++) {
    const from = width > widestFactor ? row : row * width;
    const count = width > widestFactor ? 1 : row + 1;
    for (let i = 0; i < count; i++, at++) {
      sum[at] = (sum[at] as number) + weight * (factor[from + i] as number);
    }
  }
}

function unpacked(sum: Float32Array, width: number, scale: number): KroneckerFactor {
  if (width > widestFactor) return tf.tensor1d(sum.map((value) => value * scale));
  const values = new Float32Array(width * width);
  let at = 0;
  for (let row = 0; row < width; row++) {
    for (let column = 0; column <= row; column++, at++) {
      const value = (sum[at] as number) * scale;
      values[row * width + column] = value;
      values[column * width + row] = value;
    }
  }
  return tf.tensor2d(values, [width, width]);
}
