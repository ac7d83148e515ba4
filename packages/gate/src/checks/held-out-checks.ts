import {
  type Calls,
  calibrationChange,
  churn,
  type Estimate,
  meanKl,
  pairedDifference,
} from '@lethe/unlearning/measures';
import type { Evidence, HeldOutEvidence, Logits } from '../evidence/evidence.ts';
import { predictionsOf } from '../evidence/predictions.ts';
import type { ScoreBook } from '../evidence/score-book.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy, Rule, Slice } from '../policy/policy.ts';
import { type Finding, failed, inconclusive, missing, passed, ruleOf } from './finding.ts';

const baselines = ['served', 'original'] as const;
type Baseline = (typeof baselines)[number];

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
  return [finite, ...baselines.flatMap((baseline) => against(baseline, view, evidence, policy))];
}

function against(
  baseline: Baseline,
  view: HeldOutView,
  evidence: Evidence,
  policy: Policy,
): readonly Finding[] {
  const { mode, classNames, forgottenClasses } = evidence;
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
    const rule = ruleOf(policy, mode, metric);
    if (rule === undefined) return [];
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

function emptySlice(metric: MetricName, slice: string, rule: Rule): Finding {
  return inconclusive(
    `${metric}.${slice}`,
    'slice_without_samples',
    `The slice ${slice} of the policy has no held-out samples.`,
    { metric, low: rule.low, high: rule.high },
  );
}

/** Held-out evidence with what is derived from it, worked out once. */
class HeldOutView {
  readonly labels: Int32Array;
  readonly predictions: Readonly<Record<'candidate' | Baseline, Int32Array>>;
  readonly #evidence: HeldOutEvidence;
  readonly #classCount: number;
  readonly #book: ScoreBook;

  constructor(evidence: HeldOutEvidence, classCount: number, book: ScoreBook) {
    this.#book = book;
    this.#evidence = evidence;
    this.#classCount = classCount;
    this.labels = evidence.labels;
    this.predictions = {
      candidate: predictionsOf(evidence.candidate, classCount),
      served: predictionsOf(evidence.served, classCount),
      original: predictionsOf(evidence.original, classCount),
    };
  }

  /** Outputs that are not finite leave nothing to compare. */
  broken(): readonly Finding[] {
    return (['candidate', ...baselines] as const).flatMap((model) => {
      const count = this.predictions[model].filter((prediction) => prediction < 0).length;
      if (count === 0) return [];
      const said = { value: count, sampleCount: this.labels.length };
      return model === 'candidate'
        ? [
            failed(
              'held_out_outputs.finite',
              'non_finite',
              `${count} held-out outputs are not finite.`,
              said,
            ),
          ]
        : [
            inconclusive(
              `held_out_outputs.${model}_finite`,
              'baseline_not_finite',
              `${count} held-out outputs of the ${model} model are not finite: there is nothing to compare with.`,
              said,
            ),
          ];
    });
  }

  rowsWhere(holds: (row: number) => boolean): readonly number[] {
    return [...this.labels.keys()].filter(holds);
  }

  rowsOfSlice({ classes, set, rows }: Slice): readonly number[] {
    const found: number[] = [];
    let at = 0;
    for (const part of this.#evidence.parts) {
      for (const position of part.rows) {
        const row = at++;
        if (set !== undefined && part.set !== set) continue;
        if (classes !== undefined && !classes.includes(this.labels[row] as number)) continue;
        if (rows !== undefined && !rows.some(([from, to]) => position >= from && position < to)) {
          continue;
        }
        found.push(row);
      }
    }
    return found;
  }

  accuracies(rows: readonly number[], baseline: Baseline) {
    let [gained, lost, both] = [0, 0, 0];
    for (const row of rows) {
      const label = this.labels[row];
      const now = this.predictions.candidate[row] === label;
      const before = this.predictions[baseline][row] === label;
      if (now && before) both += 1;
      else if (now) gained += 1;
      else if (before) lost += 1;
    }
    const n = rows.length;
    return {
      sampleCount: n,
      estimate: () => pairedDifference({ gained, lost, n }),
      observed: n === 0 ? 0 : (both + gained) / n,
      reference: n === 0 ? 0 : (both + lost) / n,
    };
  }

  logitsOf(model: 'candidate' | Baseline, rows: readonly number[]): Logits {
    const all = this.#evidence[model];
    if (rows.length === this.labels.length) return all;
    const picked = new Float32Array(rows.length * this.#classCount);
    rows.forEach((row, i) => {
      const from = row * this.#classCount;
      picked.set(all.subarray(from, from + this.#classCount), i * this.#classCount);
    });
    return picked;
  }

  columnsOf(
    model: 'candidate' | Baseline,
    rows: readonly number[],
    columns: readonly number[],
  ): Logits {
    const whole = this.logitsOf(model, rows);
    if (columns.length === this.#classCount) return whole;
    return Float32Array.from({ length: rows.length * columns.length }, (_, i) => {
      const row = Math.floor(i / columns.length);
      return whole[row * this.#classCount + (columns[i % columns.length] as number)] as number;
    });
  }

  calls(model: 'candidate' | Baseline, rows: readonly number[]): Calls {
    const labels = pick(this.labels, rows);
    const { confidence } = this.#book.of(this.logitsOf(model, rows), labels);
    const predicted = pick(this.predictions[model], rows);
    return { confidence, right: labels.map((label, i) => (label === predicted[i] ? 1 : 0)) };
  }
}

function pick(values: Int32Array, rows: readonly number[]): Int32Array {
  return Int32Array.from(rows, (row) => values[row] as number);
}
