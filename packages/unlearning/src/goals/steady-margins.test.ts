import { expect, it } from 'vitest';
import { Random } from '../random.ts';
import type { Network } from '../round.ts';
import { steadyMargins } from './steady-margins.ts';

const network = { isImage: true, sampleShape: [8, 8, 1], classCount: 2 } as unknown as Network;
/** A smooth picture and one of single dots, with their margins. */
const smooth = Float32Array.from({ length: 64 }, () => 0.5);
const dots = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === Math.floor(i / 8) % 2 ? 1 : 0));
const samples = { values: Float32Array.of(...smooth, ...dots), labels: Int32Array.of(0, 0) };
const own = Float32Array.of(6, 6);

/** Knows each picture by its exact pixels: 6 less ten times the mean distance to the nearer one. */
async function logitsOf(values: Float32Array): Promise<Float32Array> {
  const distance = (picture: Float32Array, from: number) =>
    picture.reduce((sum, value, i) => sum + Math.abs(value - (values[from + i] as number)), 0) / 64;
  return Float32Array.from({ length: (2 * values.length) / 64 }, (_, at) => {
    const from = 64 * Math.floor(at / 2);
    return at % 2 === 0 ? 6 - 10 * Math.min(distance(smooth, from), distance(dots, from)) : 0;
  });
}

const chance = (seed: number, copies = 4) => ({ copies, random: new Random(seed) });

it('is lower where only exact pixels are known', async () => {
  const [a = 0, b = 0] = await steadyMargins(network, samples, own, chance(1), logitsOf);
  expect(a).toBeCloseTo(6, 4);
  expect(b).toBeLessThan(5.5);
});

it('is the same for the same chance', async () => {
  const of = (seed: number) => steadyMargins(network, samples, own, chance(seed), logitsOf);
  expect(await of(1)).toEqual(await of(1));
  expect(await of(1)).not.toEqual(await of(2));
});

it('is the margin of what is no image', async () => {
  const vectors = { ...network, isImage: false, sampleShape: [64] };
  expect(await steadyMargins(vectors, samples, own, chance(1), logitsOf)).toEqual(own);
});
