/**
 * What the importance ledger is worth: successive rounds of `misclassify` on MNIST, data-free,
 * with each rule, on a network small enough for many seeds. Every rule gets the same images and
 * the same chance.
 */
import './unlearning/tell-refusals.ts';
import { parseArgs } from 'node:util';
import { openBackend } from '@lethe/compute';
import { type Classifier, classifierOf, logits, setWeights } from '@lethe/models';
import { type LabelledSamples, Random, runRound } from '@lethe/unlearning';
import { accuracy } from '@lethe/unlearning/measures';
import { parseOverride, wholeNumber } from './unlearning/arguments.ts';
import { trainMnistNetwork } from './unlearning/mnist-network.ts';
import { percent } from './unlearning/percent.ts';
import { rowsOf } from './unlearning/rows.ts';
import { readFixedMnist } from './unlearning/small-network.ts';

const usage = `Usage: npm run bench:ledger -- [options]
Rounds of misclassify on MNIST and a small convolutional network, once with each rule.

  --k K            images in each round (default 8)
  --rounds R       rounds (default 16)
  --seeds N        runs of each rule (default 5)
  --from S         first seed (default 0)
  --rule SETTINGS  NAME=V,NAME=V; may be repeated (default: off, L2UL's rule at two weights, ours, ours against undoing only)
  --data-dir DIR   folder with mnist/ (default LETHE_DATA_DIR or ../shared/data)
  --json           ends with one line of JSON`;

const { values } = parseArgs({
  options: {
    k: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '16' },
    seeds: { type: 'string', default: '5' },
    from: { type: 'string', default: '0' },
    rule: { type: 'string', multiple: true },
    'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const rules = values.rule ?? [
  'importance=0',
  'importanceRule=published,importance=1',
  'importanceRule=published,importance=10',
  'importance=0.03',
  'importanceRule=undoing,importance=0.03',
];

if (values.help) console.log(usage);
else await bench();

interface Task {
  readonly classifier: Classifier;
  readonly original: readonly Float32Array[];
  readonly train: LabelledSamples;
  readonly test: LabelledSamples;
}

/** Of one run; shares are fractions. */
interface Figures {
  readonly testChange: number;
  /** Of all images of earlier rounds, those that are given their label again. */
  readonly back: number;
  /** The same half-way. */
  readonly backHalfWay: number;
  /** How far one more round moves the margins of earlier rounds, in logits. */
  readonly moved: number;
  readonly trainingPasses: number;
  readonly notConverged: number;
}

async function bench(): Promise<void> {
  const backend = await openBackend();
  const task = await loadTask();
  const before = await accuracyOf(task, task.original, task.test);
  console.log(
    `${backend.description}; MNIST, ${task.original.reduce((n, w) => n + w.length, 0)} weights, test ${percent(before)}`,
  );
  console.log('rule | test change | back | back half-way | moved | passes | not converged');
  const results: { rule: string; seeds: Figures[] }[] = [];
  const [first, count] = [
    wholeNumber('from', values.from, 0),
    wholeNumber('seeds', values.seeds, 1),
  ];
  for (const rule of rules) {
    const seeds: Figures[] = [];
    for (let seed = first; seed < first + count; seed++) {
      seeds.push(await run(task, before, rule, seed));
    }
    results.push({ rule, seeds });
    const cell = (of: (f: Figures) => number, text: (v: number) => string) =>
      spread(seeds.map(of), text);
    console.log(
      [
        rule,
        cell(({ testChange }) => testChange, percent),
        cell(({ back }) => back, percent),
        cell(({ backHalfWay }) => backHalfWay, percent),
        cell(
          ({ moved }) => moved,
          (v) => v.toFixed(2),
        ),
        cell(
          ({ trainingPasses }) => trainingPasses,
          (v) => `${Math.round(v / 1000)}k`,
        ),
        String(seeds.reduce((sum, { notConverged }) => sum + notConverged, 0)),
      ].join(' | '),
    );
  }
  if (values.json) console.log(JSON.stringify({ before, backend: backend.name, results }));
}

async function run(task: Task, before: number, rule: string, seed: number): Promise<Figures> {
  const [k, rounds] = [wholeNumber('k', values.k, 1), wholeNumber('rounds', values.rounds, 1)];
  const settings = Object.fromEntries(rule.split(',').map(parseOverride));
  const chosen = new Random(seed).fork('forget').permutation(task.train.labels.length);
  const sets = Array.from({ length: rounds }, (_, round) =>
    rowsOf(task.train, chosen.slice(round * k, (round + 1) * k)),
  );
  let weights = task.original;
  let state: Uint8Array | undefined;
  let [trainingPasses, notConverged, backHalfWay, moved] = [0, 0, 0, 0];
  let margins: number[] = [];
  for (const [round, forget] of sets.entries()) {
    const result = await runRound({
      network: { ...task.classifier, isImage: true },
      weights,
      originalWeights: task.original,
      state,
      forget,
      mode: 'misclassify',
      method: 'lethe',
      settings,
      heldOut: undefined,
      seed: new Random(seed).fork(`round ${round}`).bits(),
    });
    ({ weights, state } = result);
    trainingPasses += result.metrics.trainingPasses;
    notConverged += result.outcome === 'not_converged' ? 1 : 0;
    const now = await marginsOf(task, weights, sets.slice(0, round + 1));
    moved += mean(margins.map((margin, i) => (now[i] as number) - margin));
    margins = now;
    if (round + 1 === Math.ceil(rounds / 2)) backHalfWay = backOf(now, k);
  }
  return {
    testChange: (await accuracyOf(task, weights, task.test)) - before,
    back: backOf(margins, k),
    backHalfWay,
    moved: moved / Math.max(1, rounds - 1),
    trainingPasses,
    notConverged,
  };
}

/** Share of those of all but the last round that have a margin of 0 or more. */
function backOf(margins: readonly number[], k: number): number {
  return mean(margins.slice(0, -k).map((margin) => (margin >= 0 ? 1 : 0)));
}

async function marginsOf(
  { classifier }: Task,
  weights: readonly Float32Array[],
  sets: readonly LabelledSamples[],
): Promise<number[]> {
  setWeights(classifier.model, weights);
  const all: number[] = [];
  for (const { values: samples, labels } of sets) {
    const output = await logits(classifier, samples, labels.length);
    for (const [i, label] of labels.entries()) {
      const row = [...output.subarray(i * classifier.classCount, (i + 1) * classifier.classCount)];
      const own = row[label] as number;
      all.push(own - Math.max(...row.filter((_, j) => j !== label)));
    }
  }
  return all;
}

async function accuracyOf(
  { classifier }: Task,
  weights: readonly Float32Array[],
  samples: LabelledSamples,
): Promise<number> {
  setWeights(classifier.model, weights);
  const output = await logits(classifier, samples.values, samples.labels.length);
  return accuracy(output, samples.labels, classifier.classCount);
}

async function loadTask(): Promise<Task> {
  const train = await readFixedMnist(values['data-dir'], 'train', 10_000);
  const model = trainMnistNetwork(train, 6);
  const original = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const test = await readFixedMnist(values['data-dir'], 'test', 5000);
  return { classifier: classifierOf(model), original, train, test };
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Mean ± standard deviation over seeds. */
function spread(numbers: readonly number[], text: (value: number) => string): string {
  const middle = mean(numbers);
  const deviation = Math.sqrt(
    numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0) /
      Math.max(1, numbers.length - 1),
  );
  return `${text(middle)} ± ${text(deviation)}`;
}
