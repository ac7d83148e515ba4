/**
 * The judgement of one candidate: a pure function of evidence and policy.
 *
 * Invariants:
 * 1. Fail closed: evidence that is missing, or not a number, is a check of its own that blocks.
 * 2. The outcome is the worst of the checks that count; no checks at all is inconclusive.
 * 3. A fail is a figure outside its bounds by more than chance explains over all checks together;
 *    a pass is one whose whole interval lies within; what is neither is undecided, and says so.
 * 4. Same evidence and policy, same checks in the same order, to the last bit.
 */
import { type Check, Outcome } from '@lethe/contracts';
import { holm } from '@lethe/unlearning/measures';
import { decide, pValueOf } from './checks/decide.ts';
import type { Finding } from './checks/finding.ts';
import { forgetFindings } from './checks/forget-checks.ts';
import { heldOutFindings } from './checks/held-out-checks.ts';
import { integrityFindings } from './checks/integrity-checks.ts';
import { reversalFindings } from './checks/reversal-checks.ts';
import type { Evidence } from './evidence/evidence.ts';
import { ScoreBook } from './evidence/score-book.ts';
import { metricOf } from './policy/metrics.ts';
import type { Policy } from './policy/policy.ts';

export interface Judgement {
  readonly outcome: Outcome;
  readonly checks: readonly Check[];
}

export function judge(evidence: Evidence, policy: Policy): Judgement {
  const book = new ScoreBook(evidence.classNames.length);
  const findings: readonly Finding[] = [
    ...integrityFindings(evidence, policy),
    ...heldOutFindings(evidence, policy, book),
    ...forgetFindings(evidence, policy, book),
    ...reversalFindings(evidence, policy, book),
  ];
  const tested = findings.flatMap((finding) =>
    finding.kind === 'measured' && metricOf(finding.metric).interval !== 'none' ? [finding] : [],
  );
  const adjusted = new Map(
    holm(tested.map(pValueOf)).map((p, index) => [tested[index] as Finding, p]),
  );
  const checks = findings.map((finding) =>
    finding.kind === 'settled'
      ? finding.check
      : decide(finding, adjusted.get(finding) ?? 1, policy),
  );
  return { outcome: worstOutcome(checks), checks };
}

/** The worst outcome of those checks that are not advisory. */
export function worstOutcome(checks: readonly Check[]): Outcome {
  const counting = checks.filter(({ advisory }) => !advisory);
  if (counting.some(({ outcome }) => outcome === Outcome.OUTCOME_FAIL)) {
    return Outcome.OUTCOME_FAIL;
  }
  const decided = counting.every(({ outcome }) => outcome === Outcome.OUTCOME_PASS);
  return decided && counting.length > 0 ? Outcome.OUTCOME_PASS : Outcome.OUTCOME_INCONCLUSIVE;
}
