import { encodeTopology, encodeWeights, logits, setWeights, weightsOf } from '@lethe/models';
import { accuracy, type LabelledSamples, runRound, type SettingValue } from '@lethe/unlearning';
import { stepLimitOf } from '../unlearning/arguments.ts';
import { takesBatchNorm } from '../unlearning/takes-batch-norm.ts';
import type { SeedRow } from './rows.ts';
import type { SeedTask } from './seed-task.ts';

export interface SeedFigure {
  readonly method: string;
  /** In the unit of the published figure. */
  readonly value: number;
  /** Percent of the forget set still given its label: what the figure was paid with. */
  readonly stillKnown: number;
  readonly outcome: string;
  readonly k: number;
  readonly steps: number;
  readonly imagePasses: number;
  readonly seconds: number;
}

/** One round of a method on a row, in `misclassify`, and what the row asks for. */
export async function runRow(
  row: SeedRow,
  task: SeedTask,
  method: string,
  { maxSteps, seed }: { readonly maxSteps: number | undefined; readonly seed: number },
): Promise<SeedFigure> {
  const classifier = await task.classifier(!takesBatchNorm(method));
  const { model, preprocessing, sampleShape, classCount } = classifier;
  const original = weightsOf(await encodeWeights(model), encodeTopology(model));
  const right = async ({ values, labels }: LabelledSamples) =>
    accuracy(await logits(classifier, values, labels.length), labels, classCount);
  const before = await right(task.test);
  const settings: Record<string, SettingValue> =
    maxSteps === undefined ? {} : { [stepLimitOf(method)]: maxSteps };
  const started = performance.now();
  const { outcome, weights, metrics } = await runRound({
    network: { model, preprocessing, sampleShape, classCount, isImage: sampleShape.length > 1 },
    weights: original,
    originalWeights: original,
    state: undefined,
    forget: task.forget,
    mode: 'misclassify',
    method,
    settings,
    heldOut: undefined,
    seed,
  });
  const seconds = (performance.now() - started) / 1000;
  setWeights(model, weights);
  const value = await measured();
  setWeights(model, original);
  const { steps, imagePasses } = metrics;
  const k = task.forget.labels.length;
  const stillKnown = 100 * metrics.forgetAccuracyAfter;
  return { method, value, stillKnown, outcome, k, steps, imagePasses, seconds };

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
      case 'u_lira':
        throw new Error('U-LiRA needs retrained networks');
      default:
        return row.measure satisfies never;
    }
  }
}
