import { readFile, rename, writeFile } from 'node:fs/promises';
import { ComputeProcess, type JobOptions, type JobRunner } from '@lethe/compute';
import {
  deadLetterTopic,
  EvaluateRequest,
  type EvaluationSet,
  GetVerdictRequest,
  Mode,
  ModelVerdict,
  Outcome,
  sha256,
  topics,
  type Verdict,
} from '@lethe/contracts';
import { evaluationSetDigest, openDataset, rowsOfRanges } from '@lethe/datasets';
import { defaultPolicy, policyDigest, readPolicy } from '@lethe/gate';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { registerTinyModel } from '../../../test/support/tiny-network.ts';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import { parseHeldKey } from './held/seal.ts';
import type { EvaluateInput } from './jobs/evaluate-job.ts';
import {
  announce,
  clientOf,
  evaluatorOn,
  type Proposal,
  propose,
} from './testing/evaluator-under-test.ts';

let compute: ComputeProcess;
let world: TinyWorld;

beforeAll(() => {
  compute = new ComputeProcess({ backend: { prefer: 'js' } });
});
afterAll(() => compute[Symbol.asyncDispose]());
beforeEach(async () => {
  world = await TinyWorld.create(['tiny']);
});
afterEach(() => world[Symbol.asyncDispose]());

/** Real evaluations, each seen first by `onRun`. */
function observed(onRun: (input: EvaluateInput) => void | Promise<void>): JobRunner {
  return {
    async run<Input, Output, Progress>(
      url: string | URL,
      input: Input,
      options: JobOptions<Progress> = {},
    ): Promise<Output> {
      await onRun(input as EvaluateInput);
      return compute.run(url, input, options);
    },
  };
}

async function verdictOn(sequence: number): Promise<Verdict> {
  await until(`verdict ${sequence}`, async () => {
    return (await world.lineages.verdict('tiny', sequence)) !== undefined;
  });
  const found = await world.lineages.verdict('tiny', sequence);
  if (found === undefined) throw new Error('no verdict');
  return found.record;
}

function reasons({ checks }: Verdict): string[] {
  return checks.flatMap(({ name, reason, advisory }) =>
    reason === '' || advisory ? [] : [`${name}: ${reason}`],
  );
}

test('a candidate that lost nothing passes, and its verdict says against what it was held', async () => {
  await using verdicts = await tapTopic(world.bus, topics.modelVerdict);
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  await propose(world);
  const verdict = await verdictOn(1);
  expect(reasons(verdict)).toEqual([]);
  expect(verdict.outcome).toBe(Outcome.OUTCOME_PASS);
  const registered = await world.lineages.registration('tiny');
  expect(verdict).toMatchObject({
    policyDigest: policyDigest(defaultPolicy),
    servedSequence: 0,
    servedWeightsDigest: registered?.record.weightsDigest,
    originalWeightsDigest: registered?.record.weightsDigest,
    evaluationSetDigests: { gate: registered?.record.evaluationSets[1]?.digest },
  });
  expect(verdict.checks.find(({ name }) => name === 'class_accuracy.vs_original.2')).toMatchObject({
    sampleCount: 150,
  });
  await until('it is announced', () => verdicts.records.length === 1);
  const stored = await world.lineages.verdict('tiny', 1);
  expect(ModelVerdict.decode(verdicts.records[0]?.value ?? new Uint8Array())).toMatchObject({
    sequence: 1,
    verdictDigest: stored?.digest,
    outcome: Outcome.OUTCOME_PASS,
  });
});

test('an event that comes again announces the same verdict and judges nothing', async () => {
  let runs = 0;
  await using verdicts = await tapTopic(world.bus, topics.modelVerdict);
  await using evaluator = evaluatorOn(
    world,
    observed(() => {
      runs += 1;
    }),
  );
  await evaluator.start();
  const manifest = await propose(world);
  await until('it is announced', () => verdicts.records.length === 1);
  await announce(world, manifest);
  await until('it is announced again', () => verdicts.records.length === 2);
  expect(verdicts.records[1]?.value).toEqual(verdicts.records[0]?.value);
  expect(runs).toBe(1);
});

function changed(change: (values: Float32Array) => void): Uint8Array {
  const bytes = world.network.weights.slice();
  change(new Float32Array(bytes.buffer));
  return bytes;
}

const twenty = Array.from({ length: 20 }, (_, row) => row);

describe('a candidate does not pass', () => {
  const cases: [string, () => Proposal, string][] = [
    [
      'that still recognises what it was to misclassify',
      () => ({ mode: Mode.MODE_MISCLASSIFY, rows: twenty }),
      'forget_accuracy.recognised: still_recognised',
    ],
    [
      'that does not give the stated label',
      () => ({ mode: Mode.MODE_RELABEL, relabelTo: 3, rows: twenty }),
      'forget_accuracy.given_target: target_not_given',
    ],
    [
      'that remembers two hundred samples better than unseen ones',
      () => ({ rows: Array.from({ length: 200 }, (_, row) => row) }),
      'membership_left.vs_original: membership_left',
    ],
    [
      'that was wrecked',
      () => ({ weights: changed((values) => values.fill(0)) }),
      'held_out_accuracy.vs_served: below_threshold',
    ],
    [
      'with a weight that is not a number',
      () => ({
        weights: changed((values) => {
          values[7] = Number.NaN;
        }),
      }),
      'weights.finite: non_finite',
    ],
    [
      'with weights that end too early',
      () => ({ weights: world.network.weights.slice(0, -4) }),
      'weights.digest: weights_unreadable',
    ],
    [
      'whose weights are gone',
      () => ({ weights: changed((v) => v.fill(1)), weightsDigest: '' }),
      'weights.digest: weights_not_found',
    ],
    [
      'that was made from another model than the served one',
      () => ({ parentSequence: 5 }),
      'baseline.parent_is_served: stale_baseline',
    ],
  ];

  test.each(cases)('%s', async (_, proposal, reason) => {
    await using evaluator = evaluatorOn(world, compute);
    await evaluator.start();
    await propose(world, proposal());
    const verdict = await verdictOn(1);
    expect(reasons(verdict)).toContain(reason);
    expect(verdict.outcome).toBe(Outcome.OUTCOME_FAIL);
  });
});

test('a candidate whose stored weights were cut short does not pass', async () => {
  const { store } = world.lineages;
  const manifest = await propose(world);
  const round = manifest.entry?.$case === 'round' ? manifest.entry.value : undefined;
  const blob = `blobs/${round?.weightsDigest}`;
  const whole = await store.get(blob);
  if (whole === undefined) throw new Error('no weights');
  const condition = { kind: 'if-match', etag: whole.etag } as const;
  await store.put(blob, whole.bytes.subarray(0, 100), condition);
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  const verdict = await verdictOn(1);
  expect(verdict.outcome).toBe(Outcome.OUTCOME_FAIL);
  expect(reasons(verdict)).toContain('weights.digest: weights_corrupt');
});

test('candidates of two models are evaluated at the same time', async () => {
  await registerTinyModel(world.lineages, world.network, `${world.folder}/data`, 'other');
  let running = 0;
  let wake = () => {};
  const both = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await using evaluator = evaluatorOn(
    world,
    observed(async () => {
      running += 1;
      if (running === 2) wake();
      await both;
    }),
  );
  await evaluator.start();
  await propose(world);
  await propose(world, { modelKey: 'other' });
  await verdictOn(1);
  await until('the other is judged', async () => {
    return (await world.lineages.verdict('other', 1)) !== undefined;
  });
});

test('a class that is taken away whole may be lost on held-out samples', async () => {
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  // The bias of class 2, second but last of the last layer.
  const weights = changed((values) => {
    values[values.length - 2] = -20;
  });
  const rows = Array.from({ length: 60 }, (_, index) => 4 * index + 2);
  await propose(world, { weights, rows, classLabel: 2, mode: Mode.MODE_MISCLASSIFY });
  const verdict = await verdictOn(1);
  expect(reasons(verdict).filter((reason) => !reason.includes('suspicious_gain'))).toEqual([]);
  expect(verdict.checks.map(({ name }) => name)).not.toContain('class_accuracy.vs_served.2');
  expect(verdict.checks.find(({ name }) => name === 'lost_class.recognised.2')).toMatchObject({
    outcome: Outcome.OUTCOME_PASS,
    value: 0,
  });
});

test('a class that a promoted round took away stays left out, a refused one does not', async () => {
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  const rows = Array.from({ length: 60 }, (_, index) => 4 * index);
  const refused = { rows, classLabel: 0, mode: Mode.MODE_MISCLASSIFY };
  await world.decide(await propose(world, refused), false);
  const taken = { rows: rows.map((row) => row + 2), classLabel: 2, mode: Mode.MODE_MISCLASSIFY };
  await world.decide(await propose(world, taken), true);
  await propose(world, { parentSequence: 2 });
  const judged = (await verdictOn(3)).checks.map(({ name }) => name);
  expect(judged).not.toContain('class_accuracy.vs_original.2');
  expect(judged).toContain('class_accuracy.vs_original.0');
  expect(judged.filter((name) => name.startsWith('lost_class.'))).toEqual([
    'lost_class.came_back.2',
  ]);
});

test('a lost class whose label is given instead of another may be known again', async () => {
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  const rows = Array.from({ length: 60 }, (_, index) => 4 * index);
  const relabel = (from: number, to: number) => ({
    rows: rows.map((row) => row + from),
    classLabel: from,
    mode: Mode.MODE_RELABEL,
    relabelTo: to,
  });
  const lostChecks = async (sequence: number) =>
    (await verdictOn(sequence)).checks
      .map(({ name }) => name)
      .filter((name) => name.startsWith('lost_class.') || name === 'class_accuracy.vs_served.2');
  await world.decide(await propose(world, relabel(2, 3)), true);
  expect(await lostChecks(1)).toEqual(['lost_class.recognised.2']);
  await world.decide(await propose(world, { ...relabel(3, 2), parentSequence: 1 }), true);
  expect(await lostChecks(2)).toEqual(['lost_class.recognised.3']);
  await propose(world, { parentSequence: 2 });
  expect(await lostChecks(3)).toEqual(['class_accuracy.vs_served.2', 'lost_class.came_back.3']);
});

test('what is known of the served and the original model is not computed again', async () => {
  const seen: string[][] = [];
  await using evaluator = evaluatorOn(
    world,
    observed(({ sets }) => {
      seen.push(sets.map(({ name, models }) => `${name} ${models.length}`));
    }),
  );
  await evaluator.start();
  const weights = changed((values) => {
    values[0] = (values[0] ?? 0) + 1e-3;
  });
  const first = await propose(world, { weights });
  await verdictOn(1);
  await world.decide(first, false);
  await propose(world);
  await verdictOn(2);
  expect(seen).toEqual([
    [':forget 2', 'gate 2'],
    [':forget 2', 'gate 1'],
  ]);
});

test('a candidate is judged anew when the served model changes meanwhile', async () => {
  let runs = 0;
  const moving = observed(async () => {
    runs += 1;
    const manifest = (await world.log())[0];
    if (runs === 1 && manifest !== undefined) await world.decide(manifest, true);
  });
  await using evaluator = evaluatorOn(world, moving);
  await evaluator.start();
  await propose(world);
  const verdict = await verdictOn(1);
  expect(runs).toBe(2);
  expect(verdict.servedSequence).toBe(1);
  // What serves now is the candidate itself.
  expect(reasons(verdict)).toEqual([
    'baseline.parent_is_served: stale_baseline',
    'weights.changed: nothing_changed',
  ]);
});

test('missing data on disk is waited for: no verdict by accident', async () => {
  await rename(`${world.folder}/data`, `${world.folder}/elsewhere`);
  let runs = 0;
  await using evaluator = evaluatorOn(
    world,
    observed(() => {
      runs += 1;
    }),
  );
  await evaluator.start();
  await propose(world);
  await until('it has tried more than once', () => runs >= 2);
  expect(await world.lineages.verdict('tiny', 1)).toBeUndefined();
  await rename(`${world.folder}/elsewhere`, `${world.folder}/data`);
  expect((await verdictOn(1)).outcome).toBe(Outcome.OUTCOME_PASS);
});

test('an evaluation that fails again and again ends inconclusive, with the reason', async () => {
  const broken: JobRunner = {
    run: () => Promise.reject(new TypeError('undefined is not a network')),
  };
  await using evaluator = evaluatorOn(world, broken);
  await evaluator.start();
  await propose(world);
  const verdict = await verdictOn(1);
  expect(verdict.outcome).toBe(Outcome.OUTCOME_INCONCLUSIVE);
  expect(verdict.checks).toMatchObject([
    { reason: 'evaluation_failed', explanation: 'undefined is not a network' },
  ]);
});

test('events that lie about their manifest are set aside', async () => {
  await using letters = await tapTopic(world.bus, deadLetterTopic(topics.modelCandidate));
  const manifest = await propose(world);
  await announce(world, manifest, { manifestDigest: '0'.repeat(64) });
  await announce(world, manifest, { sequence: 2 });
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  await until('both are set aside', () => letters.records.length === 2);
  expect(letters.records.map(({ headers }) => headers['lethe-dlq-reason'])).toEqual([
    'its manifest is another one',
    'there is no manifest at its sequence',
  ]);
  expect((await verdictOn(1)).outcome).toBe(Outcome.OUTCOME_PASS);
});

test('a dry run judges under the given policy and writes nothing', async () => {
  await using evaluator = evaluatorOn(world, compute);
  await using opened = await clientOf(evaluator);
  const { client } = opened;
  await propose(world, { mode: Mode.MODE_MISCLASSIFY, rows: twenty });
  const request = (changes: object) =>
    EvaluateRequest.fromPartial({ modelKey: 'tiny', sequence: 1, ...changes });
  const policyYaml = 'modes: { misclassify: { forget_accuracy.recognised: { high: 1 } } }';
  const strict = await client.evaluate(request({}));
  const loose = await client.evaluate(request({ policyYaml }));
  expect(strict.outcome).toBe(Outcome.OUTCOME_FAIL);
  expect(loose.outcome).toBe(Outcome.OUTCOME_PASS);
  expect(loose.policyDigest).toBe(policyDigest(readPolicy(policyYaml)));
  expect(await world.lineages.verdict('tiny', 1)).toBeUndefined();
  for (const [changes, code] of [
    [{ modelKey: 'nobody' }, 'not_found'],
    [{ sequence: 0 }, 'invalid'],
    [{ policyYaml: 'modes: 1' }, 'invalid'],
  ] as const) {
    await expect(client.evaluate(request(changes))).rejects.toMatchObject({ code });
  }
  const wanted = GetVerdictRequest.fromPartial({ modelKey: 'tiny', sequence: 1 });
  await expect(client.getVerdict(wanted)).rejects.toMatchObject({ code: 'not_found' });
});

test('a dry run tells how far it is, and gives the verdict last', async () => {
  await using evaluator = evaluatorOn(world, compute);
  await using opened = await clientOf(evaluator);
  await propose(world);
  const request = EvaluateRequest.fromPartial({ modelKey: 'tiny', sequence: 1 });
  const updates = [];
  for await (const { update } of opened.client.watchEvaluate(request)) updates.push(update);
  expect(updates.at(-1)).toMatchObject({
    $case: 'verdict',
    value: { outcome: Outcome.OUTCOME_PASS },
  });
  expect(updates.slice(0, -1).every((update) => update?.$case === 'progress')).toBe(true);
  const unknown = EvaluateRequest.fromPartial({ modelKey: 'nobody', sequence: 1 });
  const stream = opened.client.watchEvaluate(unknown)[Symbol.asyncIterator]();
  await expect(stream.next()).rejects.toMatchObject({ code: 'not_found' });
});

test('what earlier rounds forgot is held, sealed, and looked at again', async () => {
  const heldKey = parseHeldKey(new Uint8Array(32).fill(3));
  await using evaluator = evaluatorOn(world, compute, defaultPolicy, { heldKey });
  await evaluator.start();
  const first = await propose(world, { rows: twenty });
  await verdictOn(1);
  await world.decide(first, true);
  const refused = await propose(world, { rows: [40, 41], parentSequence: 9 });
  await verdictOn(2);
  await world.decide(refused, false);
  await propose(world, { rows: [50, 51], parentSequence: 1 });
  const verdict = await verdictOn(3);
  const looked = verdict.checks.filter(({ metric }) => metric.startsWith('reversal.'));
  expect(looked.map(({ name, sampleCount }) => `${name} ${sampleCount}`)).toEqual([
    'reversal.rise.1 20',
    'reversal.left.1 20',
    'reversal.level 20',
  ]);
  expect(verdict.checks.find(({ name }) => name === 'membership_auc.loss.window')).toMatchObject({
    sampleCount: 22,
    pooledSequences: [1],
  });
});

test('a gate sample that was trained on is left out, and the verdict says so', async () => {
  const registered = await world.lineages.registration('tiny');
  const sets = registered?.record.evaluationSets ?? [];
  const gate = sets.find(({ role }) => role === 'gate');
  if (registered === undefined || gate === undefined) throw new Error('no gate set');
  const training = registered.record.trainingData;
  const mixed = { ...gate, name: 'mixed', source: training, ranges: [{ from: 0, to: 5 }], size: 5 };
  const digest = await digestOf(mixed);
  await world.lineages.register({
    ...registered.record,
    modelKey: 'mixed',
    evaluationSets: [...sets, { ...mixed, digest }],
  });
  await using evaluator = evaluatorOn(world, compute);
  await evaluator.start();
  await propose(world, { modelKey: 'mixed' });
  await until('it is judged', async () => {
    return (await world.lineages.verdict('mixed', 1)) !== undefined;
  });
  const verdict = await world.lineages.verdict('mixed', 1);
  expect(
    verdict?.record.checks.find(({ name }) => name === 'evaluation_sets.disjoint')?.explanation,
  ).toContain('5 were left out');
});

describe('gate samples whose deletion was asked for', () => {
  /** Rows of the evaluation index: the gate set begins after the 300 samples of the stop set. */
  const gateRow = (position: number) => 300 + position;

  async function exclude(...rows: number[]): Promise<void> {
    const registered = await world.lineages.registration('tiny');
    await world.lineages.putExclusion({
      modelKey: 'tiny',
      requestDigest: sha256(rows.join()),
      evaluationIndexDigest: registered?.record.evaluationIndexDigest ?? '',
      rows,
      excludedTime: new Date(0),
    });
  }

  const gateOf = (verdict: Verdict) => verdict.evaluationSets.find(({ role }) => role === 'gate');

  test('judge no more, on any model, and the verdict says what is left', async () => {
    const asked: string[][] = [];
    await using evaluator = evaluatorOn(
      world,
      observed(({ sets }) => {
        asked.push(sets.map(({ name, models }) => `${name} ${models.length}`));
      }),
    );
    await evaluator.start();
    await world.decide(await propose(world), false);
    const before = await verdictOn(1);
    expect(gateOf(before)).toMatchObject({ size: 600, excluded: 0 });
    expect(gateOf(before)?.digest).toBe(before.evaluationSetDigests['gate']);

    await exclude(gateRow(0), gateRow(4), 7);
    await propose(world);
    const after = await verdictOn(2);
    expect(gateOf(after)).toMatchObject({ size: 598, excluded: 2 });
    expect(gateOf(after)?.digest).not.toBe(gateOf(before)?.digest);
    expect(after.evaluationSets.find(({ role }) => role === 'stop')).toMatchObject({ excluded: 1 });
    expect(after.evaluationSetDigests).toEqual(before.evaluationSetDigests);
    const named = (name: string) => after.checks.find((check) => check.name === name);
    expect(named('evaluation_sets.disjoint')?.explanation).toContain(
      '2 were left out because their deletion was asked for, 598 remain',
    );
    expect(named('held_out_accuracy.vs_original')?.sampleCount).toBe(598);
    expect(named('class_accuracy.vs_original.0')?.sampleCount).toBe(148);
    // What was known of the baselines counts no more either.
    expect(asked).toEqual([
      [':forget 2', 'gate 2'],
      [':forget 2', 'gate 2'],
    ]);
  });

  test('may be gone from the disk', async () => {
    await exclude(gateRow(1));
    const file = `${world.folder}/data/t10k-images-idx3-ubyte`;
    const images = await readFile(file);
    images.fill(0, 16 + 64 * gateRow(1), 16 + 64 * (gateRow(1) + 1));
    await writeFile(file, images);
    await using evaluator = evaluatorOn(world, compute);
    await evaluator.start();
    await propose(world);
    expect((await verdictOn(1)).outcome).toBe(Outcome.OUTCOME_PASS);
  });

  test('that are asked for while a candidate is judged do not judge it', async () => {
    let runs = 0;
    await using evaluator = evaluatorOn(
      world,
      observed(async () => {
        runs += 1;
        if (runs === 1) await exclude(gateRow(2));
      }),
    );
    await evaluator.start();
    await propose(world);
    expect(gateOf(await verdictOn(1))).toMatchObject({ size: 599, excluded: 1 });
    expect(runs).toBe(2);
  });

  test('are a whole class: nothing is promoted, and the class is named', async () => {
    await exclude(...Array.from({ length: 145 }, (_, i) => gateRow(4 * i + 3)));
    await using evaluator = evaluatorOn(world, compute);
    await evaluator.start();
    await propose(world);
    const verdict = await verdictOn(1);
    expect(verdict.outcome).toBe(Outcome.OUTCOME_INCONCLUSIVE);
    expect(reasons(verdict)).toContain('class_accuracy.vs_served.3: too_few_samples');
  });
});

async function digestOf(set: EvaluationSet): Promise<string> {
  if (set.source === undefined) throw new Error('no source');
  await using dataset = await openDataset(set.source);
  return await evaluationSetDigest(dataset, rowsOfRanges(set.ranges, dataset.size));
}
