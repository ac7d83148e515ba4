import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ledgerShape } from './ledger/ledger-shape.ts';
import { decodeState, encodeState } from './ledger/state-format.ts';
import { accuracy } from './measures/accuracy.ts';
import { classMatchedAccuracy } from './measures/class-matched-accuracy.ts';
import { margins } from './measures/margins.ts';
import { NetworkFunction } from './network/network-function.ts';
import type { LabelledSamples, RoundProgress } from './round.ts';
import { runRound } from './run-round.ts';
import { type BlobTask, firstOf, logitsOf, roundOf, trainBlobTask } from './testing/blob-task.ts';

let task: BlobTask;
let before: { test: number; heldOut: number };

beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
  before = {
    test: accuracyOf(task.weights, task.test),
    heldOut: accuracyOf(task.weights, task.heldOut),
  };
});

function accuracyOf(weights: readonly Float32Array[], samples: LabelledSamples): number {
  return accuracy(logitsOf(task, weights, samples), samples.labels, task.network.classCount);
}

/** Enough to go through every phase, for tests that ask nothing of the accuracy. */
const quick = { retainBatch: 16, repairSteps: 2 };

function shape() {
  using network = new NetworkFunction(task.network, task.weights);
  return ledgerShape(network);
}

it('is tried on a network that knows its training samples by heart', () => {
  expect(accuracyOf(task.weights, task.train)).toBe(1);
  expect(before.test).toBeGreaterThan(0.85);
  expect(before.test).toBeLessThan(0.95);
});

describe('a round of lethe', () => {
  it('takes every forget sample’s label away in misclassify and keeps the rest', async () => {
    const forget = firstOf(task.train, 8);
    const seeds = [1, 2, 3];
    let kept = 0;
    for (const seed of seeds) {
      const result = await runRound(roundOf(task, { forget, seed }));
      expect(result.outcome).toBe('forgotten');
      expect(result.metrics.forgetAccuracyBefore).toBe(1);
      expect(result.metrics.forgetAccuracyAfter).toBe(0);
      expect(accuracyOf(result.weights, forget)).toBe(0);
      kept += accuracyOf(result.weights, task.test) / seeds.length;
    }
    expect(kept).toBeGreaterThan(before.test - 0.03);
  });

  it('goes no farther than the leads that it was asked for', async () => {
    const forget = firstOf(task.train, 8);
    const leadsOf = async (shorten: boolean) => {
      const settings = { ...quick, margin: 1, marginShare: 0, retainWeight: 0, shorten };
      const { weights } = await runRound(roundOf(task, { forget, settings }));
      const logits = logitsOf(task, weights, forget);
      return margins(logits, forget.labels, task.network.classCount).map((margin) => -margin);
    };
    const [whole, short] = [await leadsOf(false), await leadsOf(true)];
    expect(Math.min(...whole)).toBeGreaterThan(2);
    expect(Math.min(...short)).toBeGreaterThanOrEqual(1);
    expect(Math.min(...short)).toBeLessThan(1.5);
  });

  it('leads a sample the farther, the better the original network knew it', async () => {
    const forget = firstOf(task.train, 8);
    const { classCount } = task.network;
    const known = margins(logitsOf(task, task.weights, forget), forget.labels, classCount);
    const settings = { ...quick, margin: 1, marginShare: 0.4, retainWeight: 0 };
    const { weights } = await runRound(roundOf(task, { forget, settings }));
    const after = margins(logitsOf(task, weights, forget), forget.labels, classCount);
    const beyond = after.map((margin, i) => -margin - 1 - 0.4 * (known[i] as number));
    expect(Math.min(...beyond)).toBeGreaterThanOrEqual(-1e-4);
    // No farther than the sample that is nearest to what it has to have.
    expect(Math.min(...beyond)).toBeLessThan(0.5);
  });

  it('brings forget samples to where unseen ones of their class are in untrain', async () => {
    const forget = firstOf(task.train, 32);
    const result = await runRound(roundOf(task, { forget, mode: 'untrain' }));
    expect(result.outcome).toBe('forgotten');
    const unseen = classMatchedAccuracy(
      logitsOf(task, task.weights, task.heldOut),
      task.heldOut.labels,
      forget.labels,
      task.network.classCount,
    );
    // Three samples of 32.
    expect(Math.abs(result.metrics.forgetAccuracyAfter - unseen)).toBeLessThan(0.1);
    expect(accuracyOf(result.weights, task.test)).toBeGreaterThan(before.test - 0.03);
  });

  it('gives every forget sample its new label in relabel', async () => {
    const forget = firstOf(task.train, 8);
    const targetLabels = forget.labels.map((label) => (label + 1) % 4);
    const result = await runRound(roundOf(task, { forget, mode: 'relabel', targetLabels }));
    expect(result.outcome).toBe('forgotten');
    expect(accuracyOf(result.weights, { values: forget.values, labels: targetLabels })).toBe(1);
    expect(accuracyOf(result.weights, task.test)).toBeGreaterThan(before.test - 0.03);
  });

  it('leads to where the served network has unseen samples, not where the original had them', async () => {
    const forget = firstOf(task.train, 40);
    // Rounds before have made the network less sure: every logit is half as large.
    const softer = task.weights.map((weight, i) =>
      i < task.weights.length - 2 ? weight : weight.map((value) => value / 2),
    );
    const { weights } = await runRound(
      roundOf(task, { forget, mode: 'untrain', weights: softer, settings: { retainWeight: 0 } }),
    );
    const mean = (of: readonly Float32Array[], samples: LabelledSamples) => {
      const all = margins(logitsOf(task, of, samples), samples.labels, task.network.classCount);
      return all.reduce((sum, margin) => sum + margin, 0) / all.length;
    };
    expect(mean(weights, forget)).toBeLessThan(0.7 * mean(task.weights, task.heldOut));
  });

  it('forgets a single sample', async () => {
    // The best known of some: there are unseen ones that are known less, whichever its counterpart is.
    const some = firstOf(task.train, 40);
    const known = margins(logitsOf(task, task.weights, some), some.labels, task.network.classCount);
    const forget = firstOf(task.train, 1, known.indexOf(Math.max(...known)));
    const marginOf = (weights: readonly Float32Array[]) =>
      margins(logitsOf(task, weights, forget), forget.labels, task.network.classCount)[0] as number;
    for (const mode of ['misclassify', 'untrain'] as const) {
      const result = await runRound(roundOf(task, { forget, mode }));
      expect(result.outcome).toBe('forgotten');
      const margin = marginOf(result.weights);
      expect(margin).toBeLessThan(mode === 'misclassify' ? 0 : marginOf(task.weights));
      expect(accuracyOf(result.weights, task.test)).toBeGreaterThan(before.test - 0.05);
    }
  });

  it('takes forget sets in turns when a step cannot hold them', async () => {
    const forget = firstOf(task.train, 16);
    const result = await runRound(roundOf(task, { forget, settings: { forgetBatch: 5 } }));
    expect(result.outcome).toBe('forgotten');
    expect(accuracyOf(result.weights, forget)).toBe(0);
  });

  it('takes natural steps, in turns as well, always the same, and frees what they need', async () => {
    const tensors = tf.memory().numTensors;
    const forget = firstOf(task.train, 16);
    const settings = { steps: 'natural', forgetBatch: 5, retainWeight: 16 };
    const result = await runRound(roundOf(task, { forget, settings }));
    expect(result.outcome).toBe('forgotten');
    expect(accuracyOf(result.weights, forget)).toBe(0);
    expect(accuracyOf(result.weights, task.test)).toBeGreaterThan(before.test - 0.03);
    const round = () => runRound(roundOf(task, { settings: { ...quick, steps: 'natural' } }));
    expect(await round()).toEqual(await round());
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const settings = quick;
    const [a, b, c] = [
      await runRound(roundOf(task, { settings })),
      await runRound(roundOf(task, { settings })),
      await runRound(roundOf(task, { settings, seed: 2 })),
    ];
    expect(b).toEqual(a);
    expect(c.weights).not.toEqual(a.weights);
  });
});

describe('held-out samples in misclassify', () => {
  it('are held on where they are given, without a look at their labels', async () => {
    const { values, labels } = task.heldOut;
    const withLabels = (given: Int32Array) =>
      runRound(roundOf(task, { heldOut: { values, labels: given }, settings: quick }));
    const result = await withLabels(labels);
    expect(result.settings['proxyShare']).toBe(0.5);
    expect(await withLabels(labels.map(() => 0))).toEqual(result);
    const without = await runRound(roundOf(task, { heldOut: undefined, settings: quick }));
    expect(without.settings['proxyShare']).toBe(0);
    expect(without.weights).not.toEqual(result.weights);
  });
});

const plain = { momentum: 0, weightDecay: 0 };
const attack = { perturbations: 5, attackIterations: 10, attackRadius: 2, attackStep: 0.4 };

describe.each([
  // Nothing bounds its first term: of several classes one runs away before the others turn.
  ['neggrad', { ...plain, learningRate: 0.5 }, () => everyFourth(2)],
  ['adv', { ...plain, ...attack, learningRate: 0.01 }, () => firstOf(task.train, 8)],
  ['l2ul', { ...plain, ...attack, learningRate: 0.01 }, () => firstOf(task.train, 8)],
])('a round of %s', (method, settings, forgetSet) => {
  it('takes every forget sample’s label away', async () => {
    const forget = forgetSet();
    const result = await runRound(roundOf(task, { forget, method, settings }));
    expect(result.outcome).toBe('forgotten');
    expect(accuracyOf(result.weights, forget)).toBe(0);
  });

  it('gives the same bytes for the same seed', async () => {
    const input = roundOf(task, { method, settings: { ...settings, maxSteps: 5 } });
    expect(await runRound(input)).toEqual(await runRound(input));
  });

  it('says when its steps were not enough', async () => {
    const few = { ...settings, learningRate: 1e-6, maxSteps: 3 };
    const result = await runRound(roundOf(task, { method, settings: few }));
    expect(result.outcome).toBe('not_converged');
    expect(result.metrics.steps).toBe(3);
  });
});

/** Samples of class 0. */
function everyFourth(count: number): LabelledSamples {
  const samples = Array.from({ length: count }, (_, i) => firstOf(task.train, 1, 4 * i));
  return {
    values: Float32Array.from(samples.flatMap(({ values }) => [...values])),
    labels: Int32Array.from(samples.flatMap(({ labels }) => [...labels])),
  };
}

describe('state across rounds', () => {
  it('has constant size and counts what it has seen', async () => {
    const first = await runRound(roundOf(task, { settings: quick }));
    const forget = firstOf(task.train, 4, 8);
    const { weights, state } = first;
    const second = await runRound(roundOf(task, { forget, weights, state, settings: quick }));
    expect(second.state).toHaveLength(first.state.length);
    expect(decodeState(second.state, shape())).toMatchObject({
      rounds: 2,
      samples: 12,
      curvature: { samples: expect.closeTo(0.97 * 8 + 4) },
    });
  });

  it('holds earlier forget sets better the more it weighs, and can be turned off', async () => {
    const earlier = firstOf(task.train, 16);
    const first = await runRound(roundOf(task, { forget: earlier, settings: quick }));
    const distance = async (importance: number) => {
      const { weights } = await runRound(
        roundOf(task, {
          forget: firstOf(task.train, 16, 16),
          weights: first.weights,
          state: first.state,
          settings: { ...quick, importance },
        }),
      );
      const { importance: stiffness } = decodeState(first.state, shape());
      const served = Float32Array.from(first.weights.flatMap((values) => [...values]));
      const theta = Float32Array.from(weights.flatMap((values) => [...values]));
      return theta.reduce(
        (sum, value, i) => sum + (stiffness[i] as number) * (value - (served[i] as number)) ** 2,
        0,
      );
    };
    expect(await distance(1)).toBeLessThan(0.5 * (await distance(0)));
  });

  it('measures steps by what earlier rounds have seen, where they are natural', async () => {
    const { weights, state } = await runRound(roundOf(task, { settings: quick }));
    const ledger = decodeState(state, shape());
    const nothing = { samples: 0, sums: new Float32Array(shape().curvature) };
    const forgetful = encodeState({ ...ledger, curvature: nothing });
    const forget = firstOf(task.train, 8, 8);
    const second = async (from: Uint8Array, steps: string) =>
      (
        await runRound(
          roundOf(task, { forget, weights, state: from, settings: { ...quick, steps } }),
        )
      ).weights;
    expect(await second(forgetful, 'natural')).not.toEqual(await second(state, 'natural'));
    expect(await second(forgetful, 'adam')).toEqual(await second(state, 'adam'));
  });

  it('close the way back to the original network, in a first round there is none', async () => {
    const first = await runRound(roundOf(task, { settings: quick }));
    const open = { ...quick, wayBack: 'open' };
    expect((await runRound(roundOf(task, { settings: open }))).weights).toEqual(first.weights);
    const { weights, state } = first;
    const second = (settings: typeof open) =>
      runRound(roundOf(task, { forget: firstOf(task.train, 8, 8), weights, state, settings }));
    const closed = { ...open, wayBack: 'closed' };
    expect((await second(closed)).weights).not.toEqual((await second(open)).weights);
  });

  it('is refused when it belongs to another network', async () => {
    const { state } = await runRound(roundOf(task, { settings: quick }));
    const wrong = roundOf(task, { state: state.slice(0, -4) });
    await expect(runRound(wrong)).rejects.toThrow(/another network/);
  });
});

describe('a round that need not or cannot change anything', () => {
  it('says so when every sample is wrong already, and leaves weights and state alone', async () => {
    const first = await runRound(roundOf(task, { settings: quick }));
    const { weights, state } = first;
    const again = await runRound(roundOf(task, { weights, state, settings: quick }));
    expect(again.outcome).toBe('already_forgotten');
    expect(again.weights).toEqual(first.weights);
    expect(again.state).toEqual(first.state);
    expect(again.metrics.steps).toBe(0);
  });

  it('counts in untrain those that need not be led: later ones are placed among them too', async () => {
    const { values, labels } = task.test;
    const own = margins(logitsOf(task, task.weights, task.test), labels, task.network.classCount);
    const wrong = [...own.keys()].filter((i) => (own[i] as number) < 0).slice(0, 6);
    const size = values.length / labels.length;
    const forget = {
      values: Float32Array.from(wrong.flatMap((i) => [...values.slice(i * size, (i + 1) * size)])),
      labels: Int32Array.from(wrong, (i) => labels[i] as number),
    };
    const result = await runRound(roundOf(task, { mode: 'untrain', forget }));
    expect(result.outcome).toBe('already_forgotten');
    expect(result.weights).toEqual(task.weights);
    const { rounds, standings } = decodeState(result.state, shape());
    expect(rounds).toBe(0);
    expect(standings.places.reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(standings.classes.reduce((sum, count) => sum + count, 0)).toBe(6);
  });

  it('leaves samples that are wrong already alone while it forgets the others', async () => {
    const first = await runRound(
      roundOf(task, { forget: firstOf(task.train, 4), settings: quick }),
    );
    const result = await runRound(
      roundOf(task, { forget: firstOf(task.train, 8), weights: first.weights, settings: quick }),
    );
    expect(result.metrics.forgetAccuracyBefore).toBeLessThanOrEqual(0.5);
    expect(result.metrics.forgetAccuracyAfter).toBe(0);
  });

  it.each([
    ['lethe', { temperature: 0.1, retainWeight: 1000 }, 1e12],
    ['neggrad', { learningRate: 1 }, 1],
  ])('gives the old weights and state back when %s diverges', async (method, settings, scale) => {
    // Scaled to the edge of float32, where the first products overflow.
    const weights = task.weights.map((values) => values.map((value) => value * scale));
    const result = await runRound(roundOf(task, { method, settings, weights }));
    expect(result.outcome).toBe('diverged');
    expect(result.weights).toEqual(weights);
    expect(decodeState(result.state, shape()).rounds).toBe(0);
  });
});

describe('progress and cancellation', () => {
  it('reports every step, phase by phase, with passes that only grow', async () => {
    const seen: RoundProgress[] = [];
    const result = await runRound(roundOf(task, { settings: quick }), {
      onProgress: (progress) => seen.push(progress),
    });
    const phases = seen.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1]);
    expect(phases).toEqual(['preparing', 'forgetting', 'repairing', 'importance']);
    expect(seen.filter(({ phase }) => phase === 'importance')).toHaveLength(8);
    expect(seen.filter(({ phase }) => /ing$/.test(phase))).toHaveLength(result.metrics.steps + 1);
    const passes = seen.map(({ imagePasses }) => imagePasses);
    expect(passes).toEqual([...passes].sort((a, b) => a - b));
    expect(passes.at(-1)).toBeLessThanOrEqual(result.metrics.imagePasses);
  });

  it.each(['preparing', 'forgetting', 'repairing', 'importance'])(
    'stops while it is %s, frees its memory and gives the network back',
    async (phase) => {
      const lent = task.network.model.getWeights().map((weight) => weight.dataSync().slice());
      const tensors = tf.memory().numTensors;
      const stop = new AbortController();
      const round = runRound(roundOf(task, { settings: quick }), {
        signal: stop.signal,
        onProgress: (progress) => progress.phase === phase && stop.abort(),
      });
      await expect(round).rejects.toMatchObject({ name: 'LetheError', code: 'cancelled' });
      expect(tf.memory().numTensors).toBe(tensors);
      expect(task.network.model.getWeights().map((weight) => weight.dataSync())).toEqual(lent);
    },
  );

  it('can be stopped while it looks at many held-out samples', async () => {
    const { values, labels } = task.heldOut;
    const heldOut = {
      values: Float32Array.from([...values, ...values, ...values]),
      labels: Int32Array.from([...labels, ...labels, ...labels]),
    };
    const stop = new AbortController();
    const phases: string[] = [];
    const round = runRound(roundOf(task, { mode: 'untrain', settings: quick, heldOut }), {
      signal: stop.signal,
      // The first comes before them; 600 are read in three batches.
      onProgress: ({ phase }) => phases.push(phase) === 3 && stop.abort(),
    });
    await expect(round).rejects.toMatchObject({ code: 'cancelled' });
    expect(phases).toEqual(['preparing', 'preparing', 'preparing']);
  });

  it.each([
    ['lethe', quick],
    ['l2ul', { perturbations: 2, attackIterations: 2, maxSteps: 2 }],
    ['neggrad', { maxSteps: 2 }],
  ])('frees its memory after a round of %s', async (method, settings) => {
    const tensors = tf.memory().numTensors;
    await runRound(roundOf(task, { method, settings }));
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('lets the event loop turn between steps', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    await runRound(roundOf(task, { settings: quick }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
