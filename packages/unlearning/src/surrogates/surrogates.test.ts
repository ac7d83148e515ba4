import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { cutMix } from './cut-mix.ts';
import { imageSurrogates } from './image-surrogates.ts';
import { jitterColour } from './jitter-colour.ts';
import { mixUp } from './mix-up.ts';
import { texture } from './texture.ts';
import { tint } from './tint.ts';
import { vectorSurrogates } from './vector-surrogates.ts';

const shape = { height: 8, width: 8, channels: 3 };
const size = 8 * 8 * 3;

function randomImages(count: number): Float32Array {
  const random = new Random(3);
  return Float32Array.from({ length: count * size }, () => random.uniform());
}

describe('CutMix', () => {
  it('copies one rectangle, a quarter to three quarters of each side, to the same place', () => {
    const random = new Random(1);
    for (let i = 0; i < 200; i++) {
      const image = new Float32Array(size);
      cutMix(image, 0, new Float32Array(size).fill(1), shape, random);
      const rows = new Set<number>();
      const columns = new Set<number>();
      for (const [at, value] of image.entries()) {
        if (value === 0) continue;
        rows.add(Math.floor(at / 24));
        columns.add(Math.floor(at / 3) % 8);
      }
      for (const side of [rows.size, columns.size]) {
        expect(side).toBeGreaterThanOrEqual(2);
        expect(side).toBeLessThanOrEqual(6);
      }
      expect(image.filter((value) => value === 1).length).toBe(rows.size * columns.size * 3);
    }
  });
});

describe('MixUp', () => {
  it('is the weighted mean', () => {
    const samples = Float32Array.of(7, 2, 4);
    mixUp(samples, 1, Float32Array.of(4, 0), 0.25);
    expect([...samples]).toEqual([7, 2.5, 3]);
  });
});

describe('colour jitter', () => {
  it('keeps pixels in [0, 1] and their order', () => {
    const random = new Random(1);
    for (let i = 0; i < 100; i++) {
      const image = Float32Array.of(0, 0.2, 0.5, 0.9, 1);
      jitterColour(image, random);
      expect([...image]).toEqual([...image].sort((a, b) => a - b));
      expect(image[0]).toBeGreaterThanOrEqual(0);
      expect(image[4]).toBeLessThanOrEqual(1);
      expect(Math.abs((image[2] as number) - 0.5)).toBeLessThanOrEqual(0.1 + 1e-6);
    }
  });
});

describe('a tint', () => {
  it('scales each channel by a factor of its own', () => {
    const image = Float32Array.of(0.1, 0.2, 0.3, 0.2, 0.4, 0.6);
    tint(image, 3, new Random(1));
    const [r, g, b] = [image[0]! / 0.1, image[1]! / 0.2, image[2]! / 0.3];
    for (let i = 0; i < 3; i++) expect(image[3 + i]! / image[i]!).toBeCloseTo(2, 5);
    expect(new Set([r, g, b].map((gain) => gain.toFixed(4))).size).toBe(3);
  });
});

describe('a texture', () => {
  it('is a picture of its own, the same for the same seed, smooth more than white noise is', () => {
    const big = { height: 32, width: 32, channels: 3 };
    let [near, far] = [0, 0];
    for (let seed = 0; seed < 20; seed++) {
      const image = texture(big, new Random(seed));
      expect(image).toEqual(texture(big, new Random(seed)));
      expect(image.every((value) => value >= 0 && value <= 1)).toBe(true);
      for (let i = 0; i + 48 < image.length; i += 3) {
        near += Math.abs(image[i]! - image[i + 3]!);
        far += Math.abs(image[i]! - image[i + 48]!);
      }
    }
    expect(near).toBeLessThan(0.7 * far);
  });

  it('can be of any size and number of channels', () => {
    expect(texture({ height: 5, width: 3, channels: 1 }, new Random(1))).toHaveLength(15);
    expect(texture({ height: 1, width: 1, channels: 4 }, new Random(1))).toHaveLength(4);
  });
});

describe.each([
  ['images', (random: Random) => imageSurrogates(randomImages(3), shape, random)],
  ['vectors', (random: Random) => vectorSurrogates(randomImages(3), size, 1, random)],
])('surrogates of %s', (_name, make) => {
  const fill = (seed: number) => {
    const surrogates = make(new Random(seed));
    const batches = [new Float32Array(5 * size), new Float32Array(5 * size)];
    for (const batch of batches) surrogates.fill(batch);
    return batches;
  };

  it('are the same for the same seed, and fresh every time', () => {
    expect(fill(1)).toEqual(fill(1));
    const [first, second] = fill(1);
    expect(first).not.toEqual(second);
  });

  it('are never a forget sample itself', () => {
    const sources = randomImages(3);
    for (const batch of fill(2)) {
      for (let i = 0; i < 5; i++) {
        for (let source = 0; source < 3; source++) {
          const distance = Math.hypot(
            ...batch
              .subarray(i * size, (i + 1) * size)
              .map((value, at) => value - (sources[source * size + at] as number)),
          );
          expect(distance).toBeGreaterThan(0.5);
        }
      }
    }
  });

  it('can be made of a single sample', () => {
    const one = imageSurrogates(randomImages(1), shape, new Random(1));
    const batch = new Float32Array(4 * size).fill(Number.NaN);
    one.fill(batch);
    expect(batch.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(batch.subarray(0, size)).not.toEqual(batch.subarray(size, 2 * size));
  });
});
