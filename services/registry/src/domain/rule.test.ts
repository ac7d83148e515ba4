import { Outcome, Verdict } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { ruleOn as ruleOnStanding, type Standing } from './rule.ts';

const serving = { sequence: 4, weightsDigest: 'w4', manifestDigest: 'm4' };

function ruleOn(
  given: Verdict,
  served: Parameters<typeof ruleOnStanding>[1],
  standing: Partial<Standing> = {},
) {
  return ruleOnStanding(given, served, { parentSequence: 4, isQuarantined: false, ...standing });
}

function verdict(change: Partial<Verdict> = {}): Verdict {
  return Verdict.fromPartial({
    sequence: 5,
    manifestDigest: 'm5',
    servedSequence: 4,
    servedWeightsDigest: 'w4',
    outcome: Outcome.OUTCOME_PASS,
    ...change,
  } as Verdict);
}

describe('ruleOn', () => {
  it('promotes a pass that was made against what serves', () => {
    expect(ruleOn(verdict(), serving)).toEqual({ kind: 'promote' });
  });

  it.each([
    ['another version serves', { sequence: 3 }],
    ['other weights serve under the same number', { weightsDigest: 'x' }],
  ])('refuses a stale baseline: %s', (_, change) => {
    expect(ruleOn(verdict(), { ...serving, ...change })).toMatchObject({
      kind: 'refuse',
      reason: 'stale_baseline',
    });
  });

  it.each([
    [Outcome.OUTCOME_FAIL, 'verdict_failed'],
    [Outcome.OUTCOME_UNSPECIFIED, 'verdict_failed'],
    [Outcome.OUTCOME_INCONCLUSIVE, 'verdict_inconclusive'],
  ])('refuses outcome %s as %s, naming the checks', (outcome, reason) => {
    const checks = [
      { name: 'held_out', outcome: Outcome.OUTCOME_PASS },
      { name: 'forget', outcome },
    ];
    const ruling = ruleOn(verdict({ outcome, checks } as Partial<Verdict>), serving);
    expect(ruling).toMatchObject({ kind: 'refuse', reason });
    expect(ruling).toHaveProperty('explanation', expect.stringMatching(/: forget$/));
  });

  it('refuses what was made from a version that no longer serves', () => {
    expect(ruleOn(verdict(), serving, { parentSequence: 3 })).toMatchObject({
      kind: 'refuse',
      reason: 'stale_baseline',
    });
  });

  it('refuses what is in quarantine', () => {
    expect(ruleOn(verdict(), serving, { isQuarantined: true })).toMatchObject({
      kind: 'refuse',
      reason: 'quarantined',
    });
  });

  it('sees that the candidate serves already', () => {
    const moved = { sequence: 5, weightsDigest: 'w5', manifestDigest: 'm5' };
    expect(ruleOn(verdict(), moved)).toEqual({ kind: 'serves-already' });
  });

  it('does not take another round of the same number for the candidate', () => {
    const other = { sequence: 5, weightsDigest: 'w5', manifestDigest: 'other' };
    expect(ruleOn(verdict(), other)).toMatchObject({ reason: 'stale_baseline' });
  });
});
