import { describe, expect, it } from 'vitest';
import { advanceLedger, emptyLedger, type Ledger } from './ledger.ts';

const entry = (importance: number[], theta: number[], decay = 1) => ({
  samples: 4,
  importance: Float32Array.from(importance),
  theta: Float32Array.from(theta),
  decay,
});

/** Derivative of the sum of all rounds' penalties, added up one by one. */
function slope(rounds: ReturnType<typeof entry>[], i: number, at: number): number {
  return rounds.reduce(
    (sum, { importance, theta }) => sum + (importance[i] as number) * (at - (theta[i] as number)),
    0,
  );
}

const slopeOf = ({ importance, anchor }: Ledger, i: number, at: number) =>
  (importance[i] as number) * (at - (anchor[i] as number));

describe('the ledger', () => {
  it('holds the sum of all rounds’ penalties in two numbers per weight', () => {
    const rounds = [entry([1, 0], [2, 9]), entry([3, 2], [4, 5]), entry([0, 8], [7, 1])];
    const ledger = rounds.reduce(advanceLedger, emptyLedger(2));
    for (const i of [0, 1]) {
      for (const at of [-1, 0, 3]) {
        expect(slopeOf(ledger, i, at)).toBeCloseTo(slope(rounds, i, at), 4);
      }
    }
    expect(ledger.rounds).toBe(3);
    expect(ledger.samples).toBe(12);
  });

  it('lets earlier rounds fade by the decay', () => {
    const first = advanceLedger(emptyLedger(1), entry([4], [1]));
    const second = advanceLedger(first, entry([1], [6], 0.25));
    // 4 · ¼ = 1 at 1, and 1 at 6.
    expect([...second.importance]).toEqual([2]);
    expect([...second.anchor]).toEqual([3.5]);
  });

  it('stays bounded over hundreds of rounds when it decays', () => {
    let ledger = emptyLedger(1);
    for (let round = 0; round < 1000; round++)
      ledger = advanceLedger(ledger, entry([1], [0], 0.97));
    expect(ledger.importance[0]).toBeCloseTo(1 / 0.03, 2);
  });

  it('leaves what it is given unchanged', () => {
    const empty = emptyLedger(1);
    advanceLedger(empty, entry([1], [1]));
    expect(empty).toEqual(emptyLedger(1));
  });
});
