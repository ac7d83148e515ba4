import { encodeTopology, encodeWeights, logits, setWeights, weightsOf } from '@lethe/models';
import { accuracy, type LabelledSamples, type RoundResult, runRound } from '@lethe/unlearning';
import { stepLimitOf } from '../unlearning/arguments.ts';
import { takesBatchNorm } from '../unlearning/takes-batch-norm.ts';
import type { NetworkRow } from './rows.ts';
import type { SeedFigure } from './seed-figure.ts';
import type { SeedTask } from './seed-task.ts';

/** Rounds that were run for one row and serve another, which asks something else about them. */
export type SeedRounds = Map<string, { readonly result: RoundResult; readonly seconds: number }>;

/** One round of a method on a row, in `misclassify`, and what the row asks for. */
export async function runRow(
  row: NetworkRow,
  task: SeedTask,
  method: string,
  { maxSteps, seed, rounds }: { maxSteps: number; seed: number; rounds: SeedRounds },
): Promise<SeedFigure> {
  const classifier = await task.classifier(!takesBatchNorm(method));
  const { model, preprocessing, sampleShape, classCount } = classifier;
  const original = weightsOf(await encodeWeights(model), encodeTopology(model));
  const right = async ({ values, labels }: LabelledSamples) =>
    accuracy(await logits(classifier, values, labels.length), labels, classCount);
  const before = await right(task.test);
  const { data, network, scope } = row;
  const key = JSON.stringify([data.folder, network, scope, method]);
  const round = rounds.get(key) ?? (await run());
  rounds.set(key, round);
  const { outcome, weights, metrics } = round.result;
  setWeights(model, weights);
  const value = await measured();
  setWeights(model, original);
  const { steps, imagePasses } = metrics;
  const k = task.forget.labels.length;
  const stillKnown = 100 * metrics.forgetAccuracyAfter;
  return { method, value, stillKnown, outcome, k, steps, imagePasses, seconds: round.seconds };

  async function run() {
    const settings = { [stepLimitOf(method)]: maxSteps };
    const started = performance.now();
    const result = await runRound({
      network: { model, preprocessing, sampleShape, classCount, isImage: sampleShape.length > 1 },
      weights: original,
      originalWeights: original,
      state: undefined,
      forget: task.forget,
      mode: 'misclassify',
      forgetClasses: scope.kind === 'class' ? [scope.label] : [],
      method,
      settings,
      heldOut: undefined,
      seed,
    });
    return { result, seconds: (performance.now() - started) / 1000 };
  }

  async function measured(): Promise<number> {
    switch (row.measure) {
      case 'forget_accuracy':
      case 'class_accuracy':
        return 100 * (await right(task.judgedForget));
      case 'retain_accuracy':
        return 100 * (await right(task.retain));
      case 'test_accuracy':
        return 100 * (await right(task.test));
      case 'accuracy_retention':
        return (await right(task.test)) / before;
      default:
        return row.measure satisfies never;
    }
  }
}
