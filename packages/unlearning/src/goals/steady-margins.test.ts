import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import type { Network } from '../round.ts';
import {
  copyShare,
  type MarginsWithCopies,
  marginsWithCopies,
  steadyMargins,
} from './steady-margins.ts';

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

describe('margins of copies', () => {
  it('are lower where only exact pixels are known', async () => {
    const known = await marginsWithCopies(network, samples, own, chance(1), logitsOf);
    expect(known.copies).toHaveLength(4);
    const [a = 0, b = 0] = steadyMargins(known, 0.5);
    expect(a).toBeCloseTo(6, 4);
    expect(b).toBeLessThan(5.5);
    expect(steadyMargins(known, 0)).toEqual(own);
  });

  it('are the same for the same chance', async () => {
    const of = (seed: number) => marginsWithCopies(network, samples, own, chance(seed), logitsOf);
    expect(await of(1)).toEqual(await of(1));
    expect(await of(1)).not.toEqual(await of(2));
  });

  it('are none of what is no image, whose own margins count', async () => {
    const vectors = { ...network, isImage: false, sampleShape: [64] };
    const known = await marginsWithCopies(vectors, samples, own, chance(1), logitsOf);
    expect(known).toEqual({ own, copies: [] });
    expect(steadyMargins(known, 0.7)).toEqual(own);
  });
});

describe('the share of copies', () => {
  /** n samples with a place of variance 1, and errors of these variances of margin and copies. */
  function drawn(n: number, ofMargin: number, ofCopies: number, copies: number): MarginsWithCopies {
    const random = new Random(n + copies);
    const place = Float32Array.from({ length: n }, () => random.normal());
    const withError = (variance: number) =>
      place.map((value) => value + Math.sqrt(variance) * random.normal());
    return {
      own: withError(ofMargin),
      copies: Array.from({ length: copies }, () => withError(ofCopies)),
    };
  }

  it('is the one with the least error: v_m / (v_m + v_c)', () => {
    const unseen = drawn(20_000, 0, 0.5, 1);
    // ρ_u² = 1/1.5, ρ_f² = 1/(1.5 · 1.25).
    expect(copyShare(drawn(20_000, 0.25, 0.5, 4), unseen)).toBeCloseTo(0.25 / 0.75, 1);
    expect(copyShare(drawn(20_000, 1, 0.5, 4), unseen)).toBeCloseTo(1 / 1.5, 1);
  });

  it('is near 0 where nothing is known by heart', () => {
    const unseen = drawn(20_000, 0, 0.5, 1);
    expect(copyShare(drawn(20_000, 0, 0.5, 4), unseen)).toBeLessThan(0.05);
    // Forgotten ones may even correlate better, by chance.
    expect(copyShare(drawn(20_000, 0, 0.2, 4), unseen)).toBe(0);
  });

  it('is all where the margin says nothing', () => {
    const unseen = drawn(1000, 0, 0.5, 1);
    const flat = { ...drawn(1000, 0, 0.5, 4), own: new Float32Array(1000).fill(9) };
    expect(copyShare(flat, unseen)).toBe(1);
  });

  it('is none where copies of unseen samples say nothing', () => {
    const flat = { own: drawn(1000, 0, 0, 0).own, copies: [new Float32Array(1000)] };
    expect(copyShare(drawn(1000, 1, 0.5, 4), flat)).toBe(0);
  });

  it('is a half of too few to tell', () => {
    const unseen = drawn(1000, 0, 0.5, 1);
    expect(copyShare(drawn(2, 0.5, 0.5, 4), unseen)).toBe(0.5);
    expect(copyShare(drawn(100, 0.5, 0.5, 4), drawn(2, 0, 0.5, 1))).toBe(0.5);
  });
});
