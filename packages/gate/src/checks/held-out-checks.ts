import { calibrationChange, churn, type Estimate, meanKl } from '@lethe/unlearning/measures';
import type { Evidence } from '../evidence/evidence.ts';
import type { ScoreBook } from '../evidence/score-book.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy, Rule } from '../policy/policy.ts';
import { type Finding, missing, passed, ruleOf, unmeasured } from './finding.ts';
import { type Baseline, baselines, HeldOutView, pick } from './held-out-view.ts';
import { lostClassFindings } from './lost-class-checks.ts';

/** What the candidate still does with samples that nobody asked to forget. */
export function heldOutFindings(
  evidence: Evidence,
  policy: Policy,
  book: ScoreBook,
): readonly Finding[] {
  const { heldOut, classNames } = evidence;
  if (heldOut.kind === 'missing') return [missing('held_out_outputs', heldOut)];
  const view = new HeldOutView(heldOut.value, classNames.length, book);
  const broken = view.broken();
  if (broken.length > 0) return broken;
  const finite = passed('held_out_outputs.finite', 'Every held-out output is finite.', {
    sampleCount: view.labels.length,
  });
  const left = view.withoutClasses([...evidence.forgottenClasses.keys()]);
  return [
    finite,
    ...baselines.flatMap((baseline) => against(baseline, left, evidence, policy)),
    ...lostClassFindings(view, evidence, policy),
  ];
}

function against(
  baseline: Baseline,
  view: HeldOutView,
  evidence: Evidence,
  policy: Policy,
): readonly Finding[] {
  const { mode, classNames, forgottenClasses, alreadyForgotten } = evidence;
  const kept = view.rowsWhere((row) => !forgottenClasses.has(view.labels[row] as number));
  const measure = (
    metric: MetricName,
    said: {
      what: string;
      sampleCount: number;
      estimate: () => Estimate;
      suffix?: string;
      observed?: number;
      reference?: number;
    },
  ): readonly Finding[] => {
    const asked = ruleOf(policy, mode, metric);
    if (asked === undefined) return [];
    // A candidate that is what serves already costs nothing more.
    const rule = alreadyForgotten ? recordedOnly(asked) : asked;
    const { suffix, estimate, ...rest } = said;
    const name = suffix === undefined ? metric : `${metric}.${suffix}`;
    return [{ kind: 'measured', name, metric, rule, estimate: estimate(), ...rest }];
  };
  const accuracy = (metric: MetricName, what: string, rows: readonly number[], suffix?: string) =>
    measure(metric, {
      what: `Accuracy on ${what} against the ${baseline} model`,
      ...view.accuracies(rows, baseline),
      ...(suffix === undefined ? {} : { suffix }),
    });

  return [
    ...accuracy(`held_out_accuracy.vs_${baseline}`, 'held-out samples', kept),
    ...classNames.flatMap((className, label) =>
      forgottenClasses.has(label)
        ? []
        : accuracy(
            `class_accuracy.vs_${baseline}`,
            `class ${className}`,
            view.rowsWhere((row) => view.labels[row] === label),
            String(label),
          ),
    ),
    ...Object.entries(policy.slices).flatMap(([name, slice]) => {
      const metric = `slice_accuracy.vs_${baseline}` as const;
      const rule = ruleOf(policy, mode, metric);
      const rows = view.rowsOfSlice(slice);
      if (rule === undefined) return [];
      if (rows.length === 0) return [emptySlice(metric, name, rule)];
      return accuracy(metric, `slice ${name}`, rows, name);
    }),
    ...measure(`churn.vs_${baseline}`, {
      what: `Held-out predictions that differ from the ${baseline} model’s`,
      sampleCount: kept.length,
      estimate: () =>
        churn(pick(view.predictions[baseline], kept), pick(view.predictions.candidate, kept)),
    }),
    ...measure(`kl.vs_${baseline}`, {
      what: `KL of held-out outputs from the ${baseline} model’s`,
      sampleCount: kept.length,
      // What a whole-class request took away has no probability left, as it should.
      estimate: () => {
        const columns = [...classNames.keys()].filter((label) => !forgottenClasses.has(label));
        return meanKl(
          view.columnsOf(baseline, kept, columns),
          view.columnsOf('candidate', kept, columns),
          columns.length,
        );
      },
    }),
    ...measure(`calibration.vs_${baseline}`, {
      what: `Calibration error against the ${baseline} model’s`,
      sampleCount: kept.length,
      estimate: () =>
        calibrationChange(view.calls('candidate', kept), view.calls(baseline, kept), {
          resamples: 100,
          seed: 0,
        }),
    }),
  ];
}

function recordedOnly(rule: Rule): Rule {
  return { ...rule, whenInconclusive: 'record', whenFailed: 'record' };
}

function emptySlice(metric: MetricName, slice: string, rule: Rule): Finding {
  return unmeasured(
    `${metric}.${slice}`,
    { metric, rule },
    'slice_without_samples',
    `The slice ${slice} of the policy has no held-out samples.`,
    false,
  );
}
