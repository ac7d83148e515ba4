/**
 * The one door to the unlearning figures: CIFAR-10, the pre-trained ResNet-20, one or several
 * successive rounds. Progress goes to stderr, the table to stdout, with --json one object last.
 */
import './unlearning/tell-refusals.ts';
import { openBackend } from '@lethe/compute';
import { encodeTopology, encodeWeights, weightsOf } from '@lethe/models';
import { methods, Random, type RoundResult, runRound } from '@lethe/unlearning';
import { type BenchArguments, parseBenchArguments, usage } from './unlearning/arguments.ts';
import { loadCifarTask } from './unlearning/cifar-task.ts';
import { percent } from './unlearning/percent.ts';
import { type RoundFigures, roundFigures } from './unlearning/round-figures.ts';
import { progressLine, tableHeader, tableRow } from './unlearning/table.ts';
import { takesBatchNorm } from './unlearning/takes-batch-norm.ts';

const parsed = parseBenchArguments(process.argv.slice(2));
if (parsed === 'help') console.log(usage);
else await bench(parsed);

async function bench(options: BenchArguments): Promise<void> {
  const { method, mode, k, rounds, seed } = options;
  const backend = await openBackend({ prefer: options.backend });
  const folded = !takesBatchNorm(method);
  const learns = methods.some(({ name, needsRetain }) => needsRetain && name === method);
  const task = await loadCifarTask(options.dataDir, {
    folded,
    sizes: Array.from({ length: rounds }, () => k),
    seed,
    retainCount: learns ? options.retain : 0,
  });
  const { model, preprocessing, sampleShape, classCount } = task.classifier;
  const original = weightsOf(await encodeWeights(model), encodeTopology(model));
  process.stderr.write(`${backend.description}; ResNet-20${folded ? ', batch norm folded' : ''}\n`);
  const before = await roundFigures(task, original, 0);
  console.log(
    `before: test ${percent(before.testAccuracy)}, other test ${percent(before.otherTestAccuracy)}, other train ${percent(before.otherTrainAccuracy)}, first forget set ${percent(before.forgetAccuracy)}, mirrored ${percent(before.mirroredForgetAccuracy)}, AUC ${before.membershipAuc.toFixed(3)}, held-out ${percent(before.heldOutAccuracy)}`,
  );
  console.log(tableHeader);

  let weights: readonly Float32Array[] = original;
  let state: Uint8Array | undefined;
  let figures = before;
  const rows: (RoundFigures & RoundCost)[] = [];
  for (const [round, forget] of task.forgetSets.entries()) {
    const started = performance.now();
    const result = await runRound(
      {
        network: { model, preprocessing, sampleShape, classCount, isImage: true },
        weights,
        originalWeights: original,
        state,
        forget,
        ...(mode === 'relabel'
          ? { targetLabels: forget.labels.map((y) => (y + 1) % classCount) }
          : {}),
        mode,
        method,
        settings: options.settings,
        heldOut: mode === 'untrain' || options.proxies ? task.heldOut : undefined,
        ...(task.retain === undefined ? {} : { retain: task.retain }),
        seed: new Random(seed).fork(`round ${round}`).bits(),
      },
      { onProgress: (progress) => process.stderr.write(progressLine(round, progress)) },
    );
    process.stderr.write('\x1b[2K\r');
    const seconds = (performance.now() - started) / 1000;
    ({ weights, state } = result);
    figures = await roundFigures(task, weights, round);
    rows.push({ ...figures, ...costOf(result, seconds) });
    console.log(tableRow(round + 1, figures, costOf(result, seconds)));
  }
  if (!options.json) return;
  const { imagePasses, trainingPasses, forwardPasses, seconds } = rows.reduce((a, b) => ({
    ...b,
    imagePasses: a.imagePasses + b.imagePasses,
    trainingPasses: a.trainingPasses + b.trainingPasses,
    forwardPasses: a.forwardPasses + b.forwardPasses,
    seconds: a.seconds + b.seconds,
  }));
  console.log(
    JSON.stringify({
      method,
      mode,
      proxies: options.proxies,
      k,
      rounds,
      seed,
      backend: backend.name,
      backendDescription: backend.description,
      settings: options.settings,
      ...figures,
      testAccuracyBefore: before.testAccuracy,
      otherTestAccuracyBefore: before.otherTestAccuracy,
      otherTrainAccuracyBefore: before.otherTrainAccuracy,
      imagePasses,
      trainingPasses,
      forwardPasses,
      seconds,
      perRound: rows,
    }),
  );
}

interface RoundCost {
  readonly outcome: string;
  readonly steps: number;
  readonly imagePasses: number;
  readonly trainingPasses: number;
  readonly forwardPasses: number;
  readonly seconds: number;
}

function costOf({ outcome, metrics }: RoundResult, seconds: number): RoundCost {
  const { steps, imagePasses, trainingPasses, forwardPasses } = metrics;
  return { outcome, steps, imagePasses, trainingPasses, forwardPasses, seconds };
}
