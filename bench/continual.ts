/**
 * Continual unlearning: hundreds of successive rounds on CIFAR-10 or MNIST, and after each what is still known, what
 * came back, and what it cost. Progress goes to stderr, a row a round to stdout, with --json one
 * object last. With --resume it may be stopped at any time.
 */
import './unlearning/tell-refusals.ts';
import { openBackend } from '@lethe/compute';
import { encodeTopology, encodeWeights, weightsOf } from '@lethe/models';
import { joinSamples, Random, runRound } from '@lethe/unlearning';
import { forgettingReversal, knowledgeErosion } from '@lethe/unlearning/measures';
import { type ContinualArguments, parseContinualArguments, usage } from './continual/arguments.ts';
import { type Judgement, judge, rightOf } from './continual/judgement.ts';
import { lookAfter, roundSizes } from './continual/plan.ts';
import { type RoundRow, rowHeader, rowText } from './continual/round-row.ts';
import { type Position, RunFolder } from './continual/run-folder.ts';
import { type BenchTask, loadCifarTask } from './unlearning/cifar-task.ts';
import { engineDigest } from './unlearning/engine-digest.ts';
import { loadMnistTask } from './unlearning/mnist-task.ts';
import { percent } from './unlearning/percent.ts';
import { progressLine } from './unlearning/table.ts';
import { takesBatchNorm } from './unlearning/takes-batch-norm.ts';

/** `right`: for each round, whether each of its images was still known right after it. */
interface KeptRow {
  readonly row: RoundRow;
  readonly right: readonly number[];
}

const parsed = parseContinualArguments(process.argv.slice(2));
if (parsed === 'help') console.log(usage);
else await bench(parsed);

async function bench(options: ContinualArguments): Promise<void> {
  const { method, mode, phases, seed, order } = options;
  const backend = await openBackend({ prefer: options.backend });
  const sizes = roundSizes(phases);
  const first = phases[0] ?? { rounds: 0, k: 0 };
  const chosen = { sizes, seed, order, shuffled: first.rounds * first.k };
  const task =
    options.data === 'mnist'
      ? await loadMnistTask(options.dataDir, chosen)
      : await loadCifarTask(options.dataDir, { ...chosen, folded: !takesBatchNorm(method) });
  const { model } = task.classifier;
  const original = weightsOf(await encodeWeights(model), encodeTopology(model));
  process.stderr.write(`${backend.description}; ${options.data}\n`);
  const folder = await openFolder(options, backend.name, original);
  // All test images, as the last round is asked, and no copies.
  const everything = task.otherTest.labels.length;
  const before = await judge(task, original, [joinSamples(task.forgetSets)], everything);
  console.log(
    `before: test ${percent(before.testAccuracy)}, other test ${percent(before.otherTestAccuracy)}, retained ${percent(before.retainedAccuracy)}, AUC of the loss ${before.auc.loss.value.toFixed(3)}`,
  );
  console.log(rowHeader);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());

  const kept: KeptRow[] = [...(folder?.rows ?? [])];
  for (const { row } of kept) console.log(rowText(row));
  let position: Position = folder?.position ?? { weights: original, state: undefined };
  for (let round = kept.length; round < sizes.length; round++) {
    const started = performance.now();
    const result = await runRound(
      {
        network: { ...task.classifier, isImage: true },
        weights: position.weights,
        originalWeights: original,
        state: position.state,
        forget: task.forgetSets[round] ?? joinSamples([]),
        mode,
        method,
        settings: options.settings,
        heldOut: mode === 'untrain' || options.proxies ? task.heldOut : undefined,
        seed: new Random(seed).fork(`round ${round}`).bits(),
      },
      {
        signal: stop.signal,
        onProgress: (progress) => process.stderr.write(progressLine(round, progress)),
      },
    );
    process.stderr.write('\x1b[2K\r');
    const seconds = (performance.now() - started) / 1000;
    position = result;
    const { row, right } = await look(round, position.weights);
    const { steps, trainingPasses, forwardPasses } = result.metrics;
    const full: RoundRow = {
      ...row,
      outcome: result.outcome,
      steps,
      trainingPasses,
      forwardPasses,
      seconds,
      rssBytes: process.memoryUsage.rss(),
      stateBytes: result.state.length,
    };
    kept.push({ row: full, right });
    await folder?.add({ row: full, right }, position);
    console.log(rowText(full));
  }
  if (options.json) {
    console.log(
      JSON.stringify(
        summary(
          options,
          backend.name,
          before,
          kept.map(({ row }) => row),
        ),
      ),
    );
  }

  async function look(round: number, weights: readonly Float32Array[]) {
    const sets = task.forgetSets.slice(0, round + 1);
    const all = await rightOf(task, weights, joinSamples(sets));
    const earlier = all.subarray(0, all.length - (sets[round]?.labels.length ?? 0));
    const then = kept.flatMap(({ right }) => [...right]);
    const gone = then.filter((right) => right === 0).length;
    const back = earlier.filter((right, i) => right === 1 && then[i] === 0).length;
    const how = lookAfter(round, phases, options.lookEvery);
    const judgement: Judgement | null =
      how === 'sets'
        ? null
        : await judge(task, weights, sets, how === 'part' ? options.look : undefined);
    return {
      right: [...all.subarray(earlier.length)],
      row: {
        round: round + 1,
        k: sizes[round] ?? 0,
        forgetSets: perSet(all, sets),
        forgetAccuracyEarlier: round === 0 ? null : mean(earlier),
        back: gone === 0 ? null : back / gone,
        judgement,
      },
    };
  }
}

function openFolder(
  { resume, json: _, ...options }: ContinualArguments,
  backend: string,
  original: readonly Float32Array[],
): Promise<RunFolder<KeptRow>> | undefined {
  if (resume === undefined) return undefined;
  const settings = JSON.stringify({ ...options, backend, engine: engineDigest() });
  return RunFolder.open<KeptRow>(
    resume,
    settings,
    original.map(({ length }) => length),
  );
}

function summary(
  { data, method, mode, phases, order, seed, proxies, settings }: ContinualArguments,
  backend: string,
  before: Judgement,
  rows: readonly RoundRow[],
) {
  const judged = rows.flatMap(({ judgement, forgetSets }) =>
    judgement === null ? [] : [{ test: judgement.testAccuracy, forgetSets }],
  );
  const last = rows.at(-1);
  return {
    ...{ data, method, mode, phases, order, seed, proxies, settings, backend },
    testAccuracyBefore: before.testAccuracy,
    testAccuracy: last?.judgement?.testAccuracy,
    otherTestAccuracyBefore: before.otherTestAccuracy,
    otherTestAccuracy: last?.judgement?.otherTestAccuracy,
    forgetAccuracy: last?.forgetSets.at(-1),
    forgetAccuracyEarlier: last?.forgetAccuracyEarlier,
    back: last?.back,
    knowledgeErosion: knowledgeErosion(before.testAccuracy, judged).at(-1),
    // Of all rounds: the forget sets are asked after every one.
    forgettingReversal: forgettingReversal(
      rows.map(({ forgetSets }) => ({ test: Number.NaN, forgetSets })),
    ).at(-1),
    imagePasses: sum(rows.map((row) => row.trainingPasses + row.forwardPasses)),
    seconds: sum(rows.map((row) => row.seconds)),
    ...flatness(rows, phases.at(-1)?.rounds ?? 0),
    before,
    perRound: rows,
  };
}

/** Last 20 rounds of the last phase beside its first 20: a share above 1 is growth. */
function flatness(rows: readonly RoundRow[], count: number) {
  const phase = rows.slice(rows.length - count);
  if (phase.length < 40) return {};
  const growth = (of: (row: RoundRow) => number) =>
    sum(phase.slice(-20).map(of)) / sum(phase.slice(0, 20).map(of));
  return {
    secondsGrowth: growth(({ seconds }) => seconds),
    passesGrowth: growth(({ trainingPasses }) => trainingPasses),
    rssGrowth: growth(({ rssBytes }) => rssBytes),
  };
}

function perSet(all: Uint8Array, sets: BenchTask['forgetSets']): number[] {
  let from = 0;
  return sets.map(({ labels }) => {
    from += labels.length;
    return mean(all.subarray(from - labels.length, from));
  });
}

function mean(values: Uint8Array): number {
  return values.length === 0 ? Number.NaN : sum([...values]) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
