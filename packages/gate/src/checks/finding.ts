import { type Check, type ModeName, Outcome } from '@lethe/contracts';
import type { Estimate } from '@lethe/unlearning/measures';
import type { Found } from '../evidence/evidence.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy, Rule } from '../policy/policy.ts';

/** A check that is settled, or a figure that is still to be held against its bounds. */
export type Finding = Settled | Measured;

export interface Settled {
  readonly kind: 'settled';
  readonly check: Check;
}

export interface Measured {
  readonly kind: 'measured';
  /** Name of the check: the metric's, with class, slice or earlier rounds behind it. */
  readonly name: string;
  readonly metric: MetricName;
  readonly rule: Rule;
  readonly estimate: Estimate;
  readonly sampleCount: number;
  /** What is measured, for the sentence, for example "Accuracy on class 3". */
  readonly what: string;
  /** Where the figure is a difference: both sides of it. */
  readonly observed?: number;
  readonly reference?: number;
  /** Earlier rounds judged together with this one. */
  readonly pooled?: readonly number[];
  /** Share of the error that this look at a window may spend; 1 when there is no window. */
  readonly errorShare?: number;
}

const blank: Check = {
  name: '',
  outcome: Outcome.OUTCOME_UNSPECIFIED,
  reason: '',
  explanation: '',
  value: 0,
  threshold: 0,
  sampleCount: 0,
  metric: '',
  low: 0,
  high: 0,
  intervalLow: 0,
  intervalHigh: 0,
  intervalMethod: '',
  pValue: 0,
  adjustedPValue: 0,
  observed: 0,
  reference: 0,
  advisory: false,
  pooledSequences: [],
};

/** A check with what is not said left at zero. */
export function checkOf(said: Partial<Check>): Check {
  return { ...blank, ...said };
}

export function passed(name: string, explanation: string, said: Partial<Check> = {}): Settled {
  const outcome = Outcome.OUTCOME_PASS;
  return { kind: 'settled', check: checkOf({ ...said, name, outcome, explanation }) };
}

export function failed(
  name: string,
  reason: string,
  explanation: string,
  said: Partial<Check> = {},
): Settled {
  const outcome = Outcome.OUTCOME_FAIL;
  return { kind: 'settled', check: checkOf({ ...said, name, outcome, reason, explanation }) };
}

/** The gate lacks what it needs to decide; without `advisory` that blocks promotion. */
export function inconclusive(
  name: string,
  reason: string,
  explanation: string,
  said: Partial<Check> = {},
): Settled {
  const outcome = Outcome.OUTCOME_INCONCLUSIVE;
  return { kind: 'settled', check: checkOf({ ...said, name, outcome, reason, explanation }) };
}

/** A figure that there is nothing to work out from, with the bounds that it would be held against. */
export function unmeasured(
  name: string,
  { metric, rule }: { readonly metric: MetricName; readonly rule: Rule },
  reason: string,
  explanation: string,
  advisory: boolean,
): Settled {
  const { low, high } = rule;
  return inconclusive(name, reason, explanation, { metric, low, high, advisory });
}

/** Whether the policy lets a candidate pass for whom nothing at all is known of the figure. */
export function recordsUndecided({ whenInconclusive, whenFailed }: Rule): boolean {
  return whenInconclusive === 'record' || whenFailed === 'record';
}

/** Evidence that could not be had, as a check that is not passed. */
export function missing(
  name: string,
  found: Extract<Found<unknown>, { kind: 'missing' }>,
): Settled {
  return inconclusive(name, found.reason, found.explanation);
}

/** The rule of a metric in a mode; `undefined` where the policy does not look at it. */
export function ruleOf(policy: Policy, mode: ModeName, metric: MetricName): Rule | undefined {
  return policy.modes[mode][metric];
}
