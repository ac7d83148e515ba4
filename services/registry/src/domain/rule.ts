import { Outcome, type ServingPointer, type Verdict } from '@lethe/contracts';

/** What is to happen with a candidate. */
export type Ruling =
  /** Move the serving pointer from the version that was read. */
  | { readonly kind: 'promote' }
  /** It serves already: a former attempt moved the pointer and died before it could say so. */
  | { readonly kind: 'serves-already' }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly explanation: string };

export type RefusalReason =
  | 'verdict_failed'
  | 'verdict_inconclusive'
  | 'stale_baseline'
  | 'quarantined';

/** What is known of a candidate beside its verdict. */
export interface Standing {
  /** Version its round started from. */
  readonly parentSequence: number;
  readonly isQuarantined: boolean;
}

/**
 * Rules on a candidate: promoted only with a passing verdict that was made against exactly what
 * serves now (P2). Anything but a pass is a refusal.
 */
export function ruleOn(
  verdict: Verdict,
  serving: Pick<ServingPointer, 'sequence' | 'weightsDigest' | 'manifestDigest'>,
  standing: Standing,
): Ruling {
  if (serving.sequence === verdict.sequence && serving.manifestDigest === verdict.manifestDigest) {
    return { kind: 'serves-already' };
  }
  if (verdict.outcome === Outcome.OUTCOME_INCONCLUSIVE) {
    return refuse('verdict_inconclusive', `the gate could not decide${missing(verdict)}`);
  }
  if (verdict.outcome !== Outcome.OUTCOME_PASS) {
    return refuse('verdict_failed', `the gate refused it${missing(verdict)}`);
  }
  if (
    serving.sequence !== verdict.servedSequence ||
    serving.weightsDigest !== verdict.servedWeightsDigest
  ) {
    const judged = `was judged against version ${verdict.servedSequence}`;
    return refuse('stale_baseline', `it ${judged}, but version ${serving.sequence} serves now`);
  }
  if (standing.parentSequence !== serving.sequence) {
    const made = `was made from version ${standing.parentSequence}`;
    return refuse('stale_baseline', `it ${made}, but version ${serving.sequence} serves now`);
  }
  if (standing.isQuarantined) return refuse('quarantined', 'an operator put it into quarantine');
  return { kind: 'promote' };
}

function refuse(reason: RefusalReason, explanation: string): Ruling {
  return { kind: 'refuse', reason, explanation };
}

function missing({ checks }: Verdict): string {
  const names = checks.filter(({ outcome }) => outcome !== Outcome.OUTCOME_PASS).map((c) => c.name);
  return names.length === 0 ? '' : `: ${names.join(', ')}`;
}
