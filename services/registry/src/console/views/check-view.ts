import type { CheckView } from '@lethe/console';
import type { Check } from '@lethe/contracts';
import { intervalRange, metricNames, metricOf } from '@lethe/gate';
import { figure, outcomeWord } from './words.ts';

/** One check of a verdict. Of too few samples nothing was measured: the record's zeros are no figures. */
export function checkView(check: Check): CheckView {
  const name = metricNames.find((each) => each === check.metric);
  const metric = name === undefined ? undefined : metricOf(name);
  const isMeasured = check.intervalMethod !== '' && check.reason !== 'too_few_samples';
  const measured = (value: number) => (isMeasured ? figure(value) : null);
  return {
    name: check.name,
    outcome: outcomeWord(check.outcome),
    advisory: check.advisory,
    reason: check.reason,
    explanation: check.explanation,
    title: metric?.title ?? '',
    unit: metric?.unit ?? '',
    value: measured(check.value),
    low: figure(check.low),
    high: figure(check.high),
    intervalLow: measured(check.intervalLow),
    intervalHigh: measured(check.intervalHigh),
    intervalMethod: isMeasured ? check.intervalMethod : '',
    plotRange: isMeasured ? plotRange(check) : null,
    sampleCount: check.sampleCount,
    adjustedPValue: measured(check.adjustedPValue),
    observed: figure(check.observed),
    reference: figure(check.reference),
    pooledSequences: check.pooledSequences,
  };
}

function plotRange({ value, intervalLow, intervalHigh, low, high }: Check) {
  if (![value, intervalLow, intervalHigh, low, high].every(Number.isFinite)) return null;
  return intervalRange({ value, interval: [intervalLow, intervalHigh], bounds: [low, high] });
}
