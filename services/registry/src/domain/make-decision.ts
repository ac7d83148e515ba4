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
    promotedTime: laterOf(present.promotedTime, now),
    ...byPromotion,
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
    ...byPromotion,
  };
}

/** The pointer after a rollback. */
export function pointerBack(
  target: Pick<
    ServingPointer,
    'sequence' | 'topologyDigest' | 'weightsDigest' | 'manifestDigest' | 'verdictDigest'
  >,
  present: ServingPointer,
  why: Pick<ServingPointer, 'actor' | 'reason' | 'override'>,
  now: Date,
): ServingPointer {
  return {
    modelKey: present.modelKey,
    generation: present.generation + 1,
    sequence: target.sequence,
    topologyDigest: target.topologyDigest,
    weightsDigest: target.weightsDigest,
    manifestDigest: target.manifestDigest,
    verdictDigest: target.verdictDigest,
    promotedTime: laterOf(present.promotedTime, now),
    move: 'rollback',
    ...why,
  };
}

const byPromotion = { move: '', actor: '', reason: '', override: false } as const;

/** Moves are in the order of their times, also when the clock was set back. */
function laterOf(before: Date | undefined, now: Date): Date {
  return before !== undefined && before > now ? before : now;
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
    explanation: promoted ? 'passed the gate and was promoted' : ruling.explanation,
    decidedTime: now,
  };
}
