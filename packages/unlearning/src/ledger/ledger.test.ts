import { describe, expect, it } from 'vitest';
import {
  advanceLedger,
  emptyLedger,
  isLostClasses,
  lostClassesOf,
  placesLength,
  withLostClasses,
} from './ledger.ts';

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
    const two = { label: 2, instead: undefined };
    const zero = { label: 0, instead: undefined };
    const one = withLostClasses(empty, [two]);
    expect(lostClassesOf(one)).toEqual([two]);
    expect(lostClassesOf(advanceLedger(withLostClasses(one, [zero]), entry([1])))).toEqual([
      zero,
      two,
    ]);
    expect(withLostClasses(one, [two])).toBe(one);
    expect(withLostClasses(one, [])).toBe(one);
    expect(lostClassesOf(empty)).toEqual([]);
  });

  it('remembers what is given instead of a lost class, through later losses', () => {
    const empty = emptyLedger({ importance: 1, curvature: 1, classes: 4 });
    const moved = withLostClasses(empty, [{ label: 0, instead: 1 }]);
    expect(lostClassesOf(moved)).toEqual([{ label: 0, instead: 1 }]);
    const further = withLostClasses(moved, [{ label: 1, instead: 3 }]);
    expect(lostClassesOf(further)).toEqual([
      { label: 0, instead: 3 },
      { label: 1, instead: 3 },
    ]);
    const without = withLostClasses(further, [{ label: 3, instead: undefined }]);
    expect(lostClassesOf(without).map(({ instead }) => instead)).toEqual(Array(3).fill(undefined));
    // Given instead of another class, it is a label again.
    const back = withLostClasses(further, [{ label: 3, instead: 0 }]);
    expect(lostClassesOf(back)).toEqual([
      { label: 1, instead: 0 },
      { label: 3, instead: 0 },
    ]);
  });

  it('knows numbers that say nothing of classes', () => {
    const hold = (...values: number[]) => isLostClasses(Float32Array.from(values));
    expect([hold(0, 1, 2), hold(3, 4, 0), hold(0, 0, 4)]).toEqual([true, true, false]);
    expect([hold(5, 0, 0), hold(0.5, 0, 0), hold(-1, 0, 0), hold(3, 2, 0)]).toEqual(
      Array(4).fill(false),
    );
  });

  it('leaves what it is given unchanged', () => {
    const empty = emptyLedger({ importance: 1, curvature: 1, classes: 2 });
    advanceLedger(empty, entry([1]));
    expect(empty).toEqual(emptyLedger({ importance: 1, curvature: 1, classes: 2 }));
  });
});
