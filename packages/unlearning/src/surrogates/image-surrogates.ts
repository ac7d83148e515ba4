import { affineSample, type ImageShape } from '../images/affine-sample.ts';
import type { Random } from '../random.ts';
import { cutMix } from './cut-mix.ts';
import { jitterColour } from './jitter-colour.ts';
import { mixUp } from './mix-up.ts';
import { randomAffine } from './random-affine.ts';
import type { Surrogates } from './surrogates.ts';
import { texture } from './texture.ts';
import { tint } from './tint.ts';

/**
 * Two random source images under random affine maps, put together by CutMix (60 %) or MixUp
 * (30 %), or the first alone, in three cases of ten with a texture mixed in, with random colours.
 * Fresh every time: a fixed pool overfits.
 *
 * @param images pixels in [0, 1], row-major [n, height, width, channels]
 */
export function imageSurrogates(
  images: Float32Array,
  shape: ImageShape,
  random: Random,
): Surrogates {
  const size = shape.height * shape.width * shape.channels;
  const count = images.length / size;
  const other = new Float32Array(size);

  function sampleOne(target: Float32Array, to: number): void {
    affineSample(images, random.integer(count) * size, target, to, shape, randomAffine(random));
  }

  return {
    fill(into) {
      for (let at = 0; at < into.length; at += size) {
        sampleOne(into, at);
        const kind = random.uniform();
        if (kind < 0.9) sampleOne(other, 0);
        if (kind < 0.6) cutMix(into, at, other, shape, random);
        else if (kind < 0.9) mixUp(into, at, other, random.uniform(0.3, 0.7));
        const image = into.subarray(at, at + size);
        if (random.chance(0.3)) mixUp(image, 0, texture(shape, random), random.uniform(0.2, 0.8));
        tint(image, shape.channels, random);
        jitterColour(image, random);
      }
    },
  };
}
