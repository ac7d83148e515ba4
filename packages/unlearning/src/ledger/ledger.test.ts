import { describe, expect, it } from 'vitest';
import { advanceLedger, emptyLedger, lostLabels, placesLength, withLostClasses } from './ledger.ts';

const entry = (importance: number[], decay = 1) => ({
  samples: 4,
  importance: Float32Array.from(importance),
  decay,
});

describe('the ledger', () => {
  it('adds up rounds, weight by weight', () => {
    const rounds = [entry([1, 0]), entry([3, 2]), entry([0, 8])];
    expect(
      rounds.reduce(advanceLedger, emptyLedger({ importance: 2, curvature: 0, classes: 2 })),
    ).toEqual({
      rounds: 3,
      samples: 12,
      importance: Float32Array.of(4, 10),
      curvature: { samples: 0, sums: new Float32Array(0) },
      standings: { places: new Float32Array(placesLength), classes: new Float32Array(2) },
      lostClasses: new Float32Array(2),
    });
  });

  it('lets earlier rounds fade by the decay', () => {
    const rounds = [entry([4], 0.5), entry([2], 0.5), entry([1], 0.5)];
    // 4 · ¼ + 2 · ½ + 1
    expect([
      ...rounds.reduce(advanceLedger, emptyLedger({ importance: 1, curvature: 1, classes: 2 }))
        .importance,
    ]).toEqual([3]);
  });

  it('stays bounded over hundreds of rounds when it decays', () => {
    let ledger = emptyLedger({ importance: 1, curvature: 1, classes: 2 });
    for (let round = 0; round < 1000; round++) ledger = advanceLedger(ledger, entry([1], 0.97));
    expect(ledger.importance[0]).toBeCloseTo(1 / 0.03, 2);
  });

  it('takes the curvature that a round has measured, and keeps it where one has not', () => {
    const curvature = { samples: 4, sums: Float32Array.of(7) };
    const measured = advanceLedger(emptyLedger({ importance: 1, curvature: 1, classes: 2 }), {
      ...entry([1]),
      curvature,
    });
    expect(measured.curvature).toEqual(curvature);
    expect(advanceLedger(measured, entry([1])).curvature).toEqual(curvature);
  });

  it('takes the standings after a round, and keeps them where one adds none', () => {
    const standings = {
      places: new Float32Array(placesLength).fill(2),
      classes: Float32Array.of(1, 0),
    };
    const empty = emptyLedger({ importance: 1, curvature: 1, classes: 2 });
    const moved = advanceLedger(empty, { ...entry([1]), standings });
    expect(moved.standings).toEqual(standings);
    expect(advanceLedger(moved, entry([1])).standings).toEqual(standings);
  });

  it('remembers every class that was lost, and is the same one where it knew', () => {
    const empty = emptyLedger({ importance: 1, curvature: 1, classes: 4 });
    const one = withLostClasses(empty, [2]);
    expect(lostLabels(one)).toEqual([2]);
    expect(lostLabels(advanceLedger(withLostClasses(one, [0]), entry([1])))).toEqual([0, 2]);
    expect(withLostClasses(one, [2])).toBe(one);
    expect(withLostClasses(one, [])).toBe(one);
    expect(lostLabels(empty)).toEqual([]);
  });

  it('leaves what it is given unchanged', () => {
    const empty = emptyLedger({ importance: 1, curvature: 1, classes: 2 });
    advanceLedger(empty, entry([1]));
    expect(empty).toEqual(emptyLedger({ importance: 1, curvature: 1, classes: 2 }));
  });
});
