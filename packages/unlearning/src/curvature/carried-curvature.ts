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
  return Math.max(0, ...placesOf(layers).map(({ g }) => g.to));
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
  for (const { name, a, g } of placesOf(layers)) {
    const block = blocks.find(({ layer }) => layer.kernel.name === name);
    if (block === undefined) continue;
    for (const [place, factor] of [[a, block.a] as const, [g, block.g] as const]) {
      const values = await factor.data<'float32'>();
      addPacked(next.subarray(place.from, place.to), values, place.width, measured.samples);
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
  const places = new Map(placesOf(layers).map((place) => [place.name, place]));
  const meanOf = ({ from, to, width }: Place) =>
    unpacked(sums.subarray(from, to), width, 1 / samples);
  return blocks.map(({ layer, a, g }) => {
    const place = places.get(layer.kernel.name);
    return place === undefined
      ? { layer, a: a.clone(), g: g.clone() }
      : { layer, a: meanOf(place.a), g: meanOf(place.g) };
  });
}

/** Where a factor lies in `sums`. */
interface Place {
  readonly from: number;
  readonly to: number;
  /** Rows of the factor. */
  readonly width: number;
}

/** Both factors of every layer that is carried, one after another; a layer goes by its kernel. */
function placesOf(layers: readonly AffineLayer[]) {
  let end = 0;
  const next = (width: number): Place => {
    const from = end;
    end += packedLength(width);
    return { from, to: end, width };
  };
  return layers
    .filter(({ inputFacing }) => !inputFacing)
    .map(({ kernel, bias, inputs, outputs }) => ({
      name: kernel.name,
      a: next(bias === undefined ? inputs : inputs + 1),
      g: next(outputs),
    }));
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
