import { expect, it } from 'vitest';
import { Random } from '../random.ts';
import { placesByChance } from './places-by-chance.ts';

const k = 1000;
const evenly = Float64Array.from({ length: k }, (_, i) => (i + 0.5) / k);

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / k;
  const [meanA, meanB] = [mean(a), mean(b)];
  const with_ = (x: Float64Array, mx: number, y: Float64Array, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] as number) - my), 0);
  return (
    with_(a, meanA, b, meanB) / Math.sqrt(with_(a, meanA, a, meanA) * with_(b, meanB, b, meanB))
  );
}

it('leaves places where they are without chance', () => {
  const moved = placesByChance(k, 0, new Random(1));
  expect(evenly.map(moved)).toEqual(evenly);
});

it('moves places and leaves as many in every part as there were', () => {
  const moved = evenly.map(placesByChance(k, 0.2, new Random(1)));
  const inTenths = Array.from({ length: 10 }, (_, tenth) =>
    moved.reduce((count, q) => count + (Math.floor(10 * q) === tenth ? 1 : 0), 0),
  );
  // 100 in each, at most ± 9.5 where all were drawn: four standard errors.
  for (const count of inTenths) expect(Math.abs(count - 100)).toBeLessThan(38);
  // Of normal scores √0.8 = 0.894; Pearson's ρ of places is 6/π · asin(ρ/2) = 0.885.
  expect(Math.abs(correlation(evenly, moved) - 0.885)).toBeLessThan(0.03);
});

it('spreads luck evenly over a round: its places do not move as a whole', () => {
  for (let seed = 0; seed < 20; seed++) {
    const moved = Array.from({ length: 64 }, (_, i) => i).map(
      (
        (q) => (sample: number) =>
          q(0.5, sample)
      )(placesByChance(64, 0.2, new Random(seed))),
    );
    const mean = moved.reduce((sum, q) => sum + q, 0) / 64;
    // Independent draws would have a standard error of 0.019.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  }
});

it('has one luck for all views of a sample', () => {
  const moved = placesByChance(4, 0.3, new Random(3));
  expect(moved(0.4, 2)).toBe(moved(0.4, 2));
  expect(moved(0.4, 2)).not.toBe(moved(0.4, 1));
});

it('keeps the lowest and highest places within 0 and 1', () => {
  const moved = placesByChance(1, 0.1, new Random(4));
  expect([moved(0, 0), moved(1, 0)]).toEqual([0, 1]);
});
