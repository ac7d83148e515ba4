import { type Check, outcomeToJSON, type Verdict } from '@lethe/contracts';
import { count, inSpan, measure } from '@lethe/telemetry';
import type { Judged } from './judge-candidate.ts';

/** Runs an evaluation as a span of the candidate's trace. */
export function tracedEvaluation(
  candidate: { readonly modelKey: string; readonly sequence: number },
  work: () => Promise<Judged>,
): Promise<Judged> {
  const { modelKey, sequence } = candidate;
  const attributes = { 'lethe.model': modelKey, 'lethe.sequence': sequence };
  return inSpan('evaluate', { attributes }, async (span) => {
    const startedMs = performance.now();
    const judged = await work();
    const { verdict } = judged;
    const outcome = outcomeToJSON(verdict.outcome);
    measure('lethe.evaluation.duration', (performance.now() - startedMs) / 1000, {
      model: modelKey,
      outcome,
    });
    span.set({
      'lethe.verdict.outcome': outcome,
      'lethe.verdict.policy_digest': verdict.policyDigest,
      'lethe.weights_digest': verdict.weightsDigest,
    });
    for (const { name, reason, advisory } of verdict.checks) {
      if (reason !== '' && !advisory) span.event('check not passed', { check: name, reason });
    }
    return judged;
  });
}

/** @param failed the checks that did not pass */
export function countVerdict(verdict: Verdict, failed: readonly Check[]): void {
  count('lethe.verdicts', { model: verdict.modelKey, outcome: outcomeToJSON(verdict.outcome) });
  for (const { name, reason } of failed) count('lethe.verdict.reasons', { check: name, reason });
}
