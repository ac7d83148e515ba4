import { type ModeName, modeNames } from '@lethe/contracts';
import { formatFigure } from '../figures.ts';
import { type Metric, metricOf, metricsOf } from './metrics.ts';
import type { Policy, Rule } from './policy.ts';

/** One sentence for each check of a mode, and what undecided ones do. */
export function explainMode(policy: Policy, mode: ModeName): readonly string[] {
  return metricsOf(mode).map((name) => {
    const rule = policy.modes[mode][name];
    return rule === undefined
      ? `${name}: not looked at.`
      : `${name}: ${sentence(metricOf(name), rule, policy)}`;
  });
}

/** The sentences about the whole policy. */
export function explainPolicy(policy: Policy): readonly string[] {
  const percent = (share: number) => `${Number((100 * share).toFixed(2))} %`;
  return [
    `Intervals are two-sided at ${percent(policy.confidence)}. A check passes when its interval lies within the bounds, fails when the figure lies outside by more than chance explains, and is undecided in between.`,
    `Over all checks together, a candidate without fault fails by chance in at most ${percent(policy.familyError)} of cases (Holm).`,
    `Each round’s forgotten samples are judged alone and, until there are ${policy.windowSamples}, together with those of the rounds before it; looking again and again spends the same error (alpha spending).`,
    `Each class of the forget set is compared with at least ${policy.minHeldOutPerClass} unseen samples; at most ${policy.maxHeldOutSamples} held-out and ${policy.maxEarlierSamples} earlier forgotten samples are looked at.`,
    ...Object.entries(policy.slices).map(
      ([name, slice]) => `Slice ${name}: ${JSON.stringify(slice)}.`,
    ),
  ];
}

function sentence(metric: Metric, rule: Rule, policy: Policy): string {
  const bounds = `${formatFigure(rule.low, metric.unit)} to ${formatFigure(rule.high, metric.unit)}`;
  const interval =
    metric.interval === 'none'
      ? 'exact'
      : `${Number((100 * policy.confidence).toFixed(2))} % interval by ${metric.interval}`;
  const consequence =
    rule.whenFailed === 'record'
      ? 'only recorded'
      : {
          block: 'undecided blocks',
          block_if_outside: 'undecided blocks where the figure is outside',
          record: 'undecided is recorded',
        }[rule.whenInconclusive];
  return `${metric.title}: ${bounds} (${interval}, at least ${rule.minSamples} ${rule.minSamples === 1 ? 'sample' : 'samples'}; ${consequence}).`;
}

/** What two policies ask differently, one line each; empty when they mean the same. */
export function diffPolicies(before: Policy, after: Policy): readonly string[] {
  const lines: string[] = [];
  const compare = (path: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) === JSON.stringify(b)) return;
    lines.push(`${path}: ${show(a)} → ${show(b)}`);
  };
  const { modes: _, slices: __, ...top } = before;
  for (const [field, value] of Object.entries(top)) {
    compare(field, value, after[field as keyof Policy]);
  }
  for (const slice of new Set([...Object.keys(before.slices), ...Object.keys(after.slices)])) {
    compare(`slices.${slice}`, before.slices[slice], after.slices[slice]);
  }
  for (const mode of modeNames) {
    for (const metric of metricsOf(mode)) {
      const [a, b] = [before.modes[mode][metric], after.modes[mode][metric]];
      if (a === undefined || b === undefined) compare(`${mode}.${metric}`, a, b);
      else {
        for (const field of Object.keys(a) as (keyof Rule)[]) {
          compare(`${mode}.${metric}.${field}`, a[field], b[field]);
        }
      }
    }
  }
  return lines;
}

function show(value: unknown): string {
  return value === undefined
    ? 'off'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}
