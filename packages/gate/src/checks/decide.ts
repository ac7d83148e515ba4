import { type Check, Outcome } from '@lethe/contracts';
import { type Interval, pValueOutside } from '@lethe/unlearning/measures';
import { formatFigure } from '../figures.ts';
import { type Metric, metricOf } from '../policy/metrics.ts';
import type { Policy, Rule } from '../policy/policy.ts';
import { checkOf, type Measured, recordsUndecided } from './finding.ts';

/**
 * p-value of "the true value lies within the bounds". A look at a window may spend only its share
 * of the error, so its p counts that much more. NaN where nothing can be said.
 */
export function pValueOf({ estimate, rule, sampleCount, errorShare = 1 }: Measured): number {
  if (sampleCount < rule.minSamples) return Number.NaN;
  return Math.min(1, pValueOutside(estimate, rule) / errorShare);
}

/**
 * Holds a figure against its bounds:
 * outside by more than chance explains, all checks counted → fail;
 * the whole interval within → pass;
 * anything else → inconclusive, and the policy says what that does to promotion.
 */
export function decide(measured: Measured, adjustedPValue: number, policy: Policy): Check {
  const { name, estimate, rule, sampleCount, observed = 0, reference = 0 } = measured;
  const metric = metricOf(measured.metric);
  const { value } = estimate;
  const said: Partial<Check> = {
    name,
    metric: measured.metric,
    sampleCount,
    low: rule.low,
    high: rule.high,
    intervalMethod: metric.interval === 'none' ? '' : metric.interval,
    observed,
    reference,
    pooledSequences: [...(measured.pooled ?? [])],
  };
  if (sampleCount < rule.minSamples) {
    return checkOf({
      ...said,
      outcome: Outcome.OUTCOME_INCONCLUSIVE,
      reason: 'too_few_samples',
      explanation: `${measured.what}: ${sampleCount} samples, but ${rule.minSamples} are needed to decide.`,
      threshold: rule.minSamples,
      advisory: recordsUndecided(rule),
    });
  }
  if (!Number.isFinite(value)) {
    return checkOf({
      ...said,
      outcome: Outcome.OUTCOME_INCONCLUSIVE,
      reason: 'not_a_number',
      explanation: `${measured.what} could not be worked out: the figure is not a number.`,
    });
  }
  const interval = estimate.interval(policy.confidence);
  const exact = metric.interval === 'none';
  const within = interval.low >= rule.low && interval.high <= rule.high;
  const apart = exact ? !within : adjustedPValue <= policy.familyError;
  const below = value < rule.low;
  const figures: Partial<Check> = {
    ...said,
    value,
    threshold: nearestBound(value, rule),
    intervalLow: interval.low,
    intervalHigh: interval.high,
    pValue: exact ? 0 : pValueOf(measured),
    adjustedPValue: exact ? 0 : adjustedPValue,
  };
  const sentence = describe(measured, metric, interval, policy);
  if (apart && (below || value > rule.high)) {
    return checkOf({
      ...figures,
      outcome: Outcome.OUTCOME_FAIL,
      reason: below ? metric.reasons.low : metric.reasons.high,
      explanation: `${sentence}: ${below ? 'too low' : 'too high'} by more than chance explains.`,
      advisory: rule.whenFailed === 'record',
    });
  }
  if (within) {
    return checkOf({ ...figures, outcome: Outcome.OUTCOME_PASS, explanation: `${sentence}.` });
  }
  return checkOf({
    ...figures,
    outcome: Outcome.OUTCOME_INCONCLUSIVE,
    reason: 'interval_too_wide',
    explanation: `${sentence}: too few samples to tell on which side of the bound it is.`,
    advisory: isAdvisory(rule, value),
  });
}

function isAdvisory({ whenInconclusive, whenFailed, low, high }: Rule, value: number): boolean {
  if (whenFailed === 'record') return true;
  switch (whenInconclusive) {
    case 'block':
      return false;
    case 'block_if_outside':
      return value >= low && value <= high;
    case 'record':
      return true;
    default:
      return whenInconclusive satisfies never;
  }
}

function nearestBound(value: number, { low, high }: Rule): number {
  return Math.abs(value - low) < Math.abs(value - high) ? low : high;
}

function describe(
  { what, estimate, rule, sampleCount, observed, reference, pooled }: Measured,
  { unit, interval: method }: Metric,
  interval: Interval,
  { confidence }: Policy,
): string {
  const show = (value: number) => formatFigure(value, unit);
  const sides =
    observed === undefined || reference === undefined
      ? show(estimate.value)
      : `${formatFigure(observed, 'share')} against ${formatFigure(reference, 'share')}, ${show(estimate.value)}`;
  const range =
    method === 'none'
      ? ''
      : ` (${Number((100 * confidence).toFixed(2))} % interval ${show(interval.low)} to ${show(interval.high)}, ${sampleCount} samples${pooled === undefined || pooled.length === 0 ? '' : ' with earlier rounds'})`;
  return `${what} is ${sides}${range}; allowed are ${show(rule.low)} to ${show(rule.high)}`;
}
