import { describe, expect, it } from 'vitest';
import { type CapacityInput, simulate } from './simulate.ts';

const input: CapacityInput = {
  requestsPerDay: 400,
  days: 10,
  models: 1,
  samplesPerRequest: 4,
  maxBatchSamples: 4,
  maxWaitSeconds: 0,
  roundSeconds: 100,
  sampleSeconds: 0,
  evaluationSeconds: 0,
  refusedShare: 0,
  unlearners: 1,
  evaluators: 1,
  seed: 1,
};

describe('the capacity model', () => {
  it('is the queue M/D/1 where every request has a round of its own', () => {
    // Pollaczek–Khinchine: mean wait = ρ s / 2 (1 − ρ) = 0.463 · 100 / 2 · 0.537 = 43 s; with 100 s of work
    // the median is a little above 100 s, and nothing is below.
    const { unlearnersBusy, seconds, requestsPerRound } = simulate({ ...input, days: 100 });
    expect(unlearnersBusy).toBeCloseTo(400 * (100 / 86_400), 1);
    expect(requestsPerRound).toBe(1);
    expect(seconds.p50).toBeGreaterThanOrEqual(100);
    expect(seconds.p50).toBeLessThan(143);
  });

  it('fills batches where requests come faster than rounds', () => {
    const busy = simulate({ ...input, requestsPerDay: 5_000, maxBatchSamples: 64 });
    expect(busy.requestsPerRound).toBeGreaterThan(4);
    expect(busy.open).toBeLessThan(100);
  });

  it('falls behind beyond its capacity, and says so', () => {
    const { open, unlearnersBusy } = simulate({ ...input, requestsPerDay: 2_000 });
    expect(unlearnersBusy).toBeGreaterThan(0.99);
    expect(open).toBeGreaterThan(10_000);
  });

  it('tries refused requests again', () => {
    const often = simulate({ ...input, refusedShare: 0.5, requestsPerDay: 100 });
    expect(often.rounds / often.completed).toBeCloseTo(2, 0);
  });

  it('is the same for the same seed', () => {
    expect(simulate(input)).toEqual(simulate(input));
    expect(simulate(input)).not.toEqual(simulate({ ...input, seed: 2 }));
  });
});
