import { Check, Outcome, Verdict } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { renderVerdictPage } from './verdict-page.ts';

const verdict = Verdict.fromPartial({
  modelKey: 'shop-model',
  sequence: 3,
  policyName: '<strict>',
  outcome: Outcome.OUTCOME_FAIL,
  evaluationSetDigests: { gate: 'ab'.repeat(32) },
  evaluationSets: [{ name: 'gate', role: 'gate', size: 997, excluded: 3, digest: 'ef'.repeat(32) }],
  checks: [
    {
      name: 'held_out_accuracy.vs_served',
      metric: 'held_out_accuracy.vs_served',
      outcome: Outcome.OUTCOME_FAIL,
      reason: 'below_threshold',
      explanation: 'Too low by <5> points.',
      value: -0.05,
      intervalLow: -0.06,
      intervalHigh: -0.04,
      low: -0.03,
      high: 0.03,
      intervalMethod: 'tango',
    },
    {
      name: 'membership_auc.loss',
      metric: 'membership_auc.loss',
      outcome: Outcome.OUTCOME_INCONCLUSIVE,
      reason: 'too_few_samples',
      explanation: '3 samples.',
      advisory: true,
    },
  ],
});

test('a verdict page names what stopped it, what stayed undecided, and draws the intervals', () => {
  const page = renderVerdictPage(verdict, 'cd'.repeat(32));
  expect(page).toContain('must not serve: one check stops it');
  expect(page).toContain('What stops it');
  expect(page).toContain('left to the other checks (1)');
  expect(page).toContain('below_threshold');
  expect(page).toContain('inconclusive, recorded');
  expect(page).toContain(
    '−5.00 points, interval −6.00 points to −4.00 points, allowed −3.00 points to +3.00 points',
  );
  // The legend's and the one of the figure.
  expect(page.match(/<svg/g)?.length).toBe(2);
});

test('a verdict page asks what people ask, and says which samples judged', () => {
  const page = renderVerdictPage(verdict, 'cd'.repeat(32));
  const headings = [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
  expect(headings).toEqual([
    'What stops it',
    'How to read the plots',
    'Has it forgotten?',
    'Does it still do its work?',
    'The samples that judged',
    'What this verdict is about, exactly',
  ]);
  expect(page).toContain(`<td>997</td><td>3</td><td><code>${'ef'.repeat(32)}</code>`);
  const odd = { ...verdict, checks: [Check.fromPartial({ name: 'something.new' })] };
  expect(renderVerdictPage(odd, '')).toContain('Other checks');
});

test('nothing of a verdict becomes markup, and nothing is loaded from elsewhere', () => {
  const page = renderVerdictPage(verdict, '');
  expect(page).not.toContain('<strict>');
  expect(page).not.toContain('<5>');
  expect(page).not.toMatch(/https?:|<script|src=/);
});
