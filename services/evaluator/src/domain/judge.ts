/**
 * The judgement of one candidate: a pure function of evidence and policy.
 *
 * Invariants:
 * 1. Fail closed: evidence that is missing, or too small, is a check of its own that is not passed.
 * 2. The outcome is the worst of the checks'; no checks at all is inconclusive.
 * 3. Same evidence and policy, same checks in the same order, to the last bit.
 */
import { type Check, Outcome } from '@lethe/contracts';
import { heldOutChecks } from './accuracy-checks.ts';
import { failed, passed } from './check.ts';
import type { Evidence } from './evidence.ts';
import { forgetChecks } from './forget-checks.ts';
import type { Policy } from './policy.ts';

export interface Judgement {
  readonly outcome: Outcome;
  readonly checks: readonly Check[];
}

export function judge(evidence: Evidence, policy: Policy): Judgement {
  const checks = [
    baselineCheck(evidence),
    ...weightsChecks(evidence.weights),
    ...heldOutChecks(evidence, policy.modes[evidence.mode]),
    ...forgetChecks(evidence, policy),
  ];
  return { outcome: worstOutcome(checks), checks };
}

export function worstOutcome(checks: readonly Check[]): Outcome {
  if (checks.some((check) => check.outcome === Outcome.OUTCOME_FAIL)) return Outcome.OUTCOME_FAIL;
  const decided = checks.every((check) => check.outcome === Outcome.OUTCOME_PASS);
  return decided && checks.length > 0 ? Outcome.OUTCOME_PASS : Outcome.OUTCOME_INCONCLUSIVE;
}

/** A candidate counts only against the model it was made from, and only while that one serves. */
function baselineCheck({ parent, served }: Evidence): Check {
  const name = 'baseline.parent_is_served';
  const same = parent.sequence === served.sequence && parent.weightsDigest === served.weightsDigest;
  return same
    ? passed(name, `The round started from version ${served.sequence}, which serves.`)
    : failed(
        name,
        'stale_baseline',
        `The round started from version ${parent.sequence}, but version ${served.sequence} serves.`,
      );
}

function weightsChecks(weights: Evidence['weights']): readonly Check[] {
  if (weights.kind === 'missing') {
    return [failed('weights.digest', weights.reason, weights.explanation)];
  }
  const { statedDigest, actualDigest, nonFinite } = weights.value;
  return [
    statedDigest === actualDigest
      ? passed('weights.digest', 'The weights are the bytes that the manifest names.')
      : failed(
          'weights.digest',
          'digest_mismatch',
          'The weights are not the bytes that the manifest names.',
        ),
    nonFinite === undefined
      ? passed('weights.finite', 'Every weight is a finite number.')
      : failed('weights.finite', 'non_finite', `Not every weight is finite: ${nonFinite}.`),
  ];
}
