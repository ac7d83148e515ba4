import { Check, Outcome } from '@lethe/contracts';
import { expect, it } from 'vitest';
import { checkView } from './check-view.ts';

const check = Check.fromPartial({
  name: 'membership_auc.loss',
  metric: 'membership_auc.loss',
  outcome: Outcome.OUTCOME_PASS,
  value: 0.51,
  low: 0.4,
  high: 0.6,
  intervalLow: 0.47,
  intervalHigh: 0.55,
  intervalMethod: 'delong',
  sampleCount: 80,
});

it('shows a figure within its interval and what is allowed', () => {
  expect(checkView(check)).toMatchObject({ value: 0.51, unit: 'auc', plotRange: [0.384, 0.616] });
});

it('shows no figure where too few samples gave none: the zeros of the record are not measured', () => {
  const few = { ...check, value: 0, intervalLow: 0, intervalHigh: 0, reason: 'too_few_samples' };
  expect(checkView({ ...few, outcome: Outcome.OUTCOME_INCONCLUSIVE })).toMatchObject({
    ...{ value: null, intervalLow: null, intervalHigh: null, adjustedPValue: null },
    ...{ intervalMethod: '', plotRange: null, low: 0.4 },
  });
});

it('plots nothing over bounds that are not finite', () => {
  expect(checkView({ ...check, high: Number.POSITIVE_INFINITY })).toMatchObject({
    ...{ value: 0.51, high: null, plotRange: null },
  });
});
