import { isDeepStrictEqual } from 'node:util';
import type { JobOptions } from '@lethe/compute';
import { LetheError, type Verdict } from '@lethe/contracts';
import {
  inconclusive,
  type Judgement,
  judge,
  type Policy,
  policyDigest,
  type Version,
  worstOutcome,
} from '@lethe/gate';
import { verdictOf } from './domain/verdict.ts';
import {
  type Candidate,
  type EvidenceDeps,
  type Gathered,
  gatherEvidence,
  type Surroundings,
} from './gather-evidence.ts';
import type { EvaluateProgress } from './jobs/evaluate-job.ts';

export interface CandidateToJudge extends Candidate {
  readonly manifestDigest: string;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly forgetSamples: Gathered['forgetSamples'];
}

/**
 * Judges a candidate against the model that serves while it is being judged, on the evaluation
 * samples that may judge then: when the pointer moves or a request takes samples out meanwhile,
 * it is judged anew.
 *
 * @throws LetheError about the surroundings: `unavailable` while they keep changing, and what
 *   {@link gatherEvidence} throws
 */
export async function judgeCandidate(
  candidate: CandidateToJudge,
  policy: Policy,
  deps: EvidenceDeps,
  options: JobOptions<EvaluateProgress> = {},
): Promise<Judged> {
  for (let tries = 0; tries < 3; tries++) {
    const before = await surroundings(candidate, deps);
    const gathered = await gatherEvidence(candidate, before, policy, deps, options);
    if (!isDeepStrictEqual(before, await surroundings(candidate, deps))) continue;
    return {
      verdict: record(candidate, policy, before, judge(gathered.evidence, policy)),
      forgetSamples: gathered.forgetSamples,
    };
  }
  throw new LetheError(
    'unavailable',
    'the serving pointer or the evaluation sets changed during three evaluations',
  );
}

/** The verdict on a candidate that no attempt could evaluate: not promoted, and the reason named. */
export async function undecided(
  candidate: CandidateToJudge,
  policy: Policy,
  reason: string,
  deps: EvidenceDeps,
): Promise<Verdict> {
  const now = await surroundings(candidate, deps);
  const checks = [inconclusive('evaluation', 'evaluation_failed', reason).check];
  return record(candidate, policy, now, { outcome: worstOutcome(checks), checks });
}

function record(
  candidate: CandidateToJudge,
  policy: Policy,
  { served, sets }: Surroundings,
  judgement: Judgement,
): Verdict {
  return verdictOf({
    ...candidate,
    weightsDigest: candidate.round.weightsDigest,
    policyDigest: policyDigest(policy),
    policyName: policy.name,
    served,
    sets,
    judgement,
  });
}

async function surroundings(candidate: Candidate, deps: EvidenceDeps): Promise<Surroundings> {
  const served = await servedVersion(candidate, deps);
  return { served, sets: await deps.setsInForce.of(candidate.registration) };
}

/** What serves; before the first promotion that is the original. */
async function servedVersion(
  { registration }: Candidate,
  { lineages }: EvidenceDeps,
): Promise<Version> {
  const serving = await lineages.serving(registration.modelKey);
  return serving === undefined
    ? { sequence: 0, weightsDigest: registration.weightsDigest }
    : { sequence: serving.pointer.sequence, weightsDigest: serving.pointer.weightsDigest };
}
