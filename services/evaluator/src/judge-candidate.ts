import type { JobOptions } from '@lethe/compute';
import { LetheError, type Verdict } from '@lethe/contracts';
import type { Clock } from '@lethe/service-kit';
import { inconclusive } from './domain/check.ts';
import type { Version } from './domain/evidence.ts';
import { type Judgement, judge, worstOutcome } from './domain/judge.ts';
import { type Policy, policyDigest } from './domain/policy.ts';
import { verdictOf } from './domain/verdict.ts';
import { type Candidate, type EvidenceDeps, gatherEvidence } from './gather-evidence.ts';
import type { EvaluateProgress } from './jobs/evaluate-job.ts';

export interface JudgeDeps extends EvidenceDeps {
  readonly clock: Clock;
}

export interface CandidateToJudge extends Candidate {
  readonly manifestDigest: string;
}

/**
 * Judges a candidate against the model that serves while it is being judged: when the pointer
 * moves meanwhile, it is judged anew.
 *
 * @throws LetheError about the surroundings: `unavailable` while the pointer keeps moving, and
 *   what {@link gatherEvidence} throws
 */
export async function judgeCandidate(
  candidate: CandidateToJudge,
  policy: Policy,
  deps: JudgeDeps,
  options: JobOptions<EvaluateProgress> = {},
): Promise<Verdict> {
  for (let tries = 0; tries < 3; tries++) {
    const served = await servedVersion(candidate, deps);
    const evidence = await gatherEvidence(candidate, served, deps, options);
    const now = await servedVersion(candidate, deps);
    if (now.sequence !== served.sequence || now.weightsDigest !== served.weightsDigest) continue;
    return record(candidate, policy, served, judge(evidence, policy), deps);
  }
  throw new LetheError('unavailable', 'the serving pointer moved during three evaluations');
}

/** The verdict on a candidate that no attempt could evaluate: not promoted, and the reason named. */
export async function undecided(
  candidate: CandidateToJudge,
  policy: Policy,
  reason: string,
  deps: JudgeDeps,
): Promise<Verdict> {
  const served = await servedVersion(candidate, deps);
  const checks = [inconclusive('evaluation', 'evaluation_failed', reason)];
  return record(candidate, policy, served, { outcome: worstOutcome(checks), checks }, deps);
}

function record(
  candidate: CandidateToJudge,
  policy: Policy,
  served: Version,
  judgement: Judgement,
  { clock }: JudgeDeps,
): Verdict {
  return verdictOf({
    ...candidate,
    weightsDigest: candidate.round.weightsDigest,
    policyDigest: policyDigest(policy),
    served,
    judgement,
    time: clock.now(),
  });
}

/** What serves; before the first promotion that is the original. */
async function servedVersion(
  { registration }: Candidate,
  { lineages }: JudgeDeps,
): Promise<Version> {
  const serving = await lineages.serving(registration.modelKey);
  return serving === undefined
    ? { sequence: 0, weightsDigest: registration.weightsDigest }
    : { sequence: serving.pointer.sequence, weightsDigest: serving.pointer.weightsDigest };
}
