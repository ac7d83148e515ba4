import type { Check } from '@lethe/contracts';
import { failed, inconclusive, missingCheck, passed, percent } from './check.ts';
import type { Evidence, HeldOutEvidence, Predictions } from './evidence.ts';
import type { AccuracyBounds, ModePolicy } from './policy.ts';

/** Held-out accuracy against the served and the original model, overall and per class. */
export function heldOutChecks(evidence: Evidence, policy: ModePolicy<unknown>): readonly Check[] {
  const { heldOut, forgottenClasses, classNames } = evidence;
  if (heldOut.kind === 'missing') return [missingCheck('held_out_accuracy', heldOut)];
  const found = heldOut.value;
  const rowsOfClass: number[][] = classNames.map(() => []);
  for (const [row, label] of found.labels.entries()) rowsOfClass[label]?.push(row);
  const kept = rowsOfClass.filter((_, label) => !forgottenClasses.has(label)).flat();

  return [
    finiteCheck(found),
    ...comparisons('held_out_accuracy', 'all classes', found, kept, policy.heldOutAccuracy),
    ...rowsOfClass.flatMap((rows, label) =>
      forgottenClasses.has(label)
        ? []
        : comparisons(
            `class_accuracy.${label}`,
            `class ${classNames[label]}`,
            found,
            rows,
            policy.classAccuracy,
          ),
    ),
  ];
}

function finiteCheck({ candidate }: HeldOutEvidence): Check {
  const name = 'held_out_outputs.finite';
  const broken = candidate.reduce((count, prediction) => count + (prediction < 0 ? 1 : 0), 0);
  const figures = { value: broken, sampleCount: candidate.length };
  return broken === 0
    ? passed(name, 'Every held-out output is finite.', figures)
    : failed(name, 'non_finite', `${broken} held-out outputs are not finite.`, figures);
}

function comparisons(
  name: string,
  what: string,
  found: HeldOutEvidence,
  rows: readonly number[],
  bounds: AccuracyBounds,
): readonly Check[] {
  const compare = (baseline: 'served' | 'original', maxDrop: number): Check => {
    const accuracy = accuracyOver(rows, found.labels, found.candidate);
    const before = accuracyOver(rows, found.labels, found[baseline]);
    return compareAccuracy(`${name}.vs_${baseline}`, what, baseline, {
      accuracy,
      before,
      sampleCount: rows.length,
      maxDrop,
      maxGain: bounds.maxGain,
      minSamples: bounds.minSamples,
    });
  };
  return [compare('served', bounds.maxDropVsServed), compare('original', bounds.maxDropVsOriginal)];
}

interface Comparison {
  readonly accuracy: number;
  readonly before: number;
  readonly sampleCount: number;
  readonly maxDrop: number;
  readonly maxGain: number;
  readonly minSamples: number;
}

/** `value` is the accuracy, `threshold` the least or, where that is exceeded, the most allowed. */
function compareAccuracy(
  name: string,
  what: string,
  baseline: 'served' | 'original',
  { accuracy, before, sampleCount, maxDrop, maxGain, minSamples }: Comparison,
): Check {
  if (sampleCount < minSamples) {
    return inconclusive(
      name,
      'too_few_samples',
      `${sampleCount} held-out samples of ${what}, but ${minSamples} are needed to decide.`,
      { sampleCount, threshold: minSamples },
    );
  }
  const change = `Accuracy on ${what} is ${percent(accuracy)}, ${percent(before)} for the ${baseline} model`;
  const least = { value: accuracy, threshold: before - maxDrop, sampleCount };
  const most = { value: accuracy, threshold: before + maxGain, sampleCount };
  if (accuracy < least.threshold - rounding) {
    const why = `more than ${percent(maxDrop)} lost`;
    return failed(name, 'below_threshold', `${change}: ${why}.`, least);
  }
  if (accuracy > most.threshold + rounding) {
    const why = `more than ${percent(maxGain)} gained, which unlearning does not do`;
    return failed(name, 'suspicious_gain', `${change}: ${why}.`, most);
  }
  return passed(name, `${change}.`, least);
}

/** A change of exactly the bound passes, whatever the last bit of the division says. */
const rounding = 1e-12;

/** Share of `rows` that are given their label; 0 for no rows. */
export function accuracyOver(
  rows: readonly number[],
  labels: Int32Array,
  predictions: Predictions,
): number {
  const right = rows.reduce((sum, row) => sum + (labels[row] === predictions[row] ? 1 : 0), 0);
  return rows.length === 0 ? 0 : right / rows.length;
}
