import type { Decision, ModelRegistration, ServingPointer } from '@lethe/contracts';
import type { JudgedCandidate } from './check-evidence.ts';
import type { Ruling } from './rule.ts';

/** The pointer after the promotion of a candidate. */
export function pointerTo(
  { manifest, round, verdict }: JudgedCandidate,
  present: ServingPointer,
  now: Date,
): ServingPointer {
  return {
    modelKey: manifest.record.modelKey,
    generation: present.generation + 1,
    sequence: manifest.record.sequence,
    topologyDigest: present.topologyDigest,
    weightsDigest: round.weightsDigest,
    manifestDigest: manifest.digest,
    verdictDigest: verdict.digest,
    promotedTime: now,
  };
}

/** The first pointer of a model: the original serves. The same for everybody who makes it. */
export function firstPointer(registration: ModelRegistration): ServingPointer {
  return {
    modelKey: registration.modelKey,
    generation: 1,
    sequence: 0,
    topologyDigest: registration.topologyDigest,
    weightsDigest: registration.weightsDigest,
    manifestDigest: '',
    verdictDigest: '',
    promotedTime: registration.registeredTime,
  };
}

export function makeDecision(candidate: JudgedCandidate, ruling: Ruling, now: Date): Decision {
  const promoted = ruling.kind !== 'refuse';
  return {
    modelKey: candidate.manifest.record.modelKey,
    sequence: candidate.manifest.record.sequence,
    manifestDigest: candidate.manifest.digest,
    verdictDigest: candidate.verdict.digest,
    promoted,
    reason: promoted ? 'promoted' : ruling.reason,
    explanation: promoted ? 'passed the gate and serves now' : ruling.explanation,
    decidedTime: now,
  };
}
