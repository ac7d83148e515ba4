import type { Random } from '../random.ts';
import type { Network } from '../round.ts';
import { imageSurrogates } from './image-surrogates.ts';
import type { Surrogates } from './surrogates.ts';
import { vectorSurrogates } from './vector-surrogates.ts';

/** The surrogates that fit the network's samples. */
export function surrogatesFor(network: Network, samples: Float32Array, random: Random): Surrogates {
  const [height, width, channels] = network.sampleShape;
  if (network.isImage && height !== undefined && width !== undefined) {
    return imageSurrogates(samples, { height, width, channels: channels ?? 1 }, random);
  }
  const size = network.sampleShape.reduce((product, length) => product * length, 1);
  return vectorSurrogates(samples, size, vectorNoise, random);
}

/** Spreads of a feature; the widest noise that vector surrogates get. */
const vectorNoise = 3;
