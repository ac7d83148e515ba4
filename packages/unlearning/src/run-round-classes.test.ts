import { openBackend } from '@lethe/compute';
import { beforeAll, describe, expect, it } from 'vitest';
import { accuracy } from './measures/accuracy.ts';
import type { LabelledSamples, RoundInput, RoundResult } from './round.ts';
import { runRound } from './run-round.ts';
import { type BlobTask, firstOf, logitsOf, roundOf, trainBlobTask } from './testing/blob-task.ts';

let task: BlobTask;
let withoutClass: RoundResult;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
  withoutClass = await runRound(classRound());
});

const lost = 1;

/** Six samples of a class, which is to be lost with all that it has. */
function classRound(changes: Partial<RoundInput> = {}): RoundInput {
  const forget = firstOf(
    only(task.train, (label) => label === lost),
    6,
  );
  return roundOf(task, { forget, forgetClasses: [lost], heldOut: undefined, ...changes });
}

/** Two samples of other classes, forgotten after it; what held-out samples say is the original network's. */
function laterRound(changes: Partial<RoundInput>): RoundInput {
  const forget = firstOf(
    only(task.train, (label) => label !== lost),
    2,
  );
  const { weights, state } = withoutClass;
  return roundOf(task, { weights, state, forget, ...changes });
}

function only({ values, labels }: LabelledSamples, wanted: (label: number) => boolean) {
  const size = values.length / labels.length;
  const rows = [...labels.keys()].filter((row) => wanted(labels[row] as number));
  const chosen = rows.flatMap((row) => [...values.subarray(row * size, (row + 1) * size)]);
  return { values: Float32Array.from(chosen), labels: labels.filter((label) => wanted(label)) };
}

/** Of unseen samples: of the class, and of the others. */
function known(weights: readonly Float32Array[]) {
  const right = (samples: LabelledSamples) =>
    accuracy(logitsOf(task, weights, samples), samples.labels, task.network.classCount);
  return {
    ofClass: right(only(task.test, (label) => label === lost)),
    ofOthers: right(only(task.test, (label) => label !== lost)),
  };
}

describe('a class that is to be lost as a whole', () => {
  it('is lost by a few of its samples, unseen ones with them, and the others stay', async () => {
    const before = known(task.weights);
    const { ofClass, ofOthers } = known(withoutClass.weights);
    expect(withoutClass.outcome).toBe('forgotten');
    expect(before.ofClass).toBeGreaterThan(0.7);
    expect(ofClass).toBeLessThan(0.05);
    expect(ofOthers).toBeGreaterThan(before.ofOthers - 0.03);
    const samplesAlone = await runRound(classRound({ forgetClasses: [] }));
    expect(known(samplesAlone.weights).ofClass).toBeGreaterThan(ofClass + 0.1);
  });

  it.each(['misclassify', 'untrain'] as const)(
    'stays lost in a later round of %s',
    async (mode) => {
      const later = await runRound(laterRound({ mode }));
      expect(later.outcome).toBe('forgotten');
      expect(known(later.weights).ofClass).toBeLessThan(0.02);
    },
  );

  it('stays lost without held-out samples, too', async () => {
    const later = await runRound(laterRound({ heldOut: undefined }));
    expect(later.outcome).toBe('forgotten');
    expect(known(later.weights).ofClass).toBeLessThan(0.02);
  });

  it('comes back where nobody remembers it: held-out samples bring their labels along', async () => {
    const later = await runRound(laterRound({ state: undefined }));
    expect(known(later.weights).ofClass).toBeGreaterThan(0.5);
  });

  it('is remembered where its samples were all wrong before', async () => {
    const forget = firstOf(
      only(task.train, (label) => label === lost),
      6,
    );
    const { outcome, state } = await runRound(
      roundOf(task, { ...withoutClass, state: undefined, forget, forgetClasses: [lost] }),
    );
    expect(outcome).toBe('already_forgotten');
    const without = await runRound(roundOf(task, { ...withoutClass, state: undefined, forget }));
    expect(state).toHaveLength(without.state.length);
    expect(state).not.toEqual(without.state);
  });
});

describe('a class that is given another label as a whole', () => {
  const instead = 2;
  let relabelled: RoundResult;
  const relabelRound = (changes: Partial<RoundInput> = {}) =>
    classRound({
      mode: 'relabel',
      targetLabels: new Int32Array(6).fill(instead),
      heldOut: task.heldOut,
      ...changes,
    });
  beforeAll(async () => {
    relabelled = await runRound(relabelRound());
  });

  /** Share of unseen samples of the class that get the new label. */
  function givenNew(weights: readonly Float32Array[]): number {
    const unseen = only(task.test, (label) => label === lost);
    const labels = unseen.labels.map(() => instead);
    return accuracy(logitsOf(task, weights, unseen), labels, task.network.classCount);
  }

  it('gives it to unseen samples too, and the others keep theirs', async () => {
    const before = known(task.weights);
    const after = known(relabelled.weights);
    expect(relabelled.outcome).toBe('forgotten');
    expect(after.ofClass).toBeLessThan(0.05);
    expect(givenNew(relabelled.weights)).toBeGreaterThan(0.9);
    expect(after.ofOthers).toBeGreaterThan(before.ofOthers - 0.05);
    const samplesAlone = await runRound(relabelRound({ forgetClasses: [] }));
    expect(givenNew(samplesAlone.weights)).toBeLessThan(givenNew(relabelled.weights) - 0.1);
  });

  it('does so without held-out samples, too, at a price', async () => {
    const { weights } = await runRound(relabelRound({ heldOut: undefined }));
    expect(givenNew(weights)).toBeGreaterThan(0.9);
    expect(known(weights).ofOthers).toBeGreaterThan(known(task.weights).ofOthers - 0.05);
  });

  it('keeps it so in a later round', async () => {
    const { weights, state } = relabelled;
    const later = await runRound(laterRound({ weights, state }));
    expect(known(later.weights).ofClass).toBeLessThan(0.05);
    expect(givenNew(later.weights)).toBeGreaterThan(0.9);
  });

  it('refuses two labels for it, and one that is given up too', async () => {
    const two = { targetLabels: Int32Array.of(2, 2, 0, 2, 2, 2) };
    await expect(runRound(relabelRound(two))).rejects.toThrow(/targetLabels\[2\] = "?0"?: class 1/);
    const forget = firstOf(
      only(task.train, (label) => label === lost || label === instead),
      12,
    );
    const targetLabels = forget.labels.map((label) => (label === lost ? instead : 0));
    const round = relabelRound({ forget, targetLabels, forgetClasses: [lost, instead] });
    await expect(runRound(round)).rejects.toThrow(/given up itself/);
  });
});

describe('refuses', () => {
  it.each([
    ['another mode', { mode: 'untrain', heldOut: true }, /forgetClasses = "1": .*not in untrain/],
    ['a class that is none', { forgetClasses: [4] }, /forgetClasses\[0\] = "?4"?: is no class/],
    ['a class without samples', { forgetClasses: [1, 2] }, /forgetClasses = "?2"?: no sample/],
  ] as const)('%s', async (_, { heldOut, ...changes }: Record<string, unknown>, message) => {
    const more = heldOut === true ? { heldOut: task.heldOut } : {};
    await expect(runRound(classRound({ ...changes, ...more }))).rejects.toThrow(message);
  });

  it('to take what is forgotten for a lost class where there is no other', async () => {
    const all = firstOf(task.train, 8);
    const lastOne = { forget: all, forgetClasses: [0, 2], state: withoutClass.state };
    await expect(runRound(classRound(lastOne))).rejects.toThrow(/only class that .* not lost/);
  });

  it('the last class that is left', async () => {
    const forget = firstOf(task.train, 8);
    const all = { forget, forgetClasses: [0, 2, 3], state: withoutClass.state };
    await expect(runRound(classRound(all))).rejects.toThrow(/all 4 classes of the network/);
  });
});
