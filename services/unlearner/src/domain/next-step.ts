import type { PendingRequest } from './pending-request.ts';
import { type Plan, type PlanLimits, planRound } from './plan-round.ts';

/** A request that no further attempt can help, and why. */
export interface GivenUp {
  readonly pending: PendingRequest;
  readonly reason: string;
}

/** A request whose samples another one has had forgotten. */
export interface FollowedUp {
  readonly pending: PendingRequest;
  /** Id of the completed one; of the same emitter. */
  readonly follows: string;
}

export type NextStep =
  /** One round in flight per model: nothing else happens until it is decided. */
  | { readonly kind: 'await-decision'; readonly sequence: number }
  /** Requests for what was done already. */
  | { readonly kind: 'end-duplicates'; readonly requests: readonly FollowedUp[] }
  | { readonly kind: 'escalate'; readonly requests: readonly GivenUp[] }
  | Plan;

export interface Situation {
  /** Sequence of the attempt that is not decided yet. */
  readonly inFlight: number | undefined;
  readonly pending: readonly PendingRequest[];
  /** Why a request must be given up at once, whatever its rung. */
  readonly hopeless: (pending: PendingRequest) => string | undefined;
  readonly ladderLength: number;
  /** Id of a completed request that wanted the same, for one that was not begun. */
  readonly completedLike: (pending: PendingRequest) => string | undefined;
}

/** Requests that one entry of the log ends. */
const mostDuplicates = 256;

/** What a model's unlearner does next. */
export function nextStep(situation: Situation, limits: PlanLimits, nowMs: number): NextStep {
  const { inFlight, ladderLength } = situation;
  if (inFlight !== undefined) return { kind: 'await-decision', sequence: inFlight };
  const duplicates = situation.pending.flatMap((item): FollowedUp[] => {
    const follows = situation.completedLike(item);
    return follows === undefined ? [] : [{ pending: item, follows }];
  });
  if (duplicates.length > 0) {
    return { kind: 'end-duplicates', requests: duplicates.slice(0, mostDuplicates) };
  }
  const pending = firstOfEachScope(situation.pending);
  const givenUp = pending.flatMap((item): GivenUp[] => {
    const hopeless = situation.hopeless(item);
    if (hopeless !== undefined) return [{ pending: item, reason: hopeless }];
    if (item.ladderStep < ladderLength) return [];
    return [{ pending: item, reason: 'every step of the ladder of settings was tried' }];
  });
  return givenUp.length > 0
    ? { kind: 'escalate', requests: givenUp }
    : planRound(pending, limits, nowMs);
}

/** A request for what an earlier one will do waits for its end. */
function firstOfEachScope(pending: readonly PendingRequest[]): readonly PendingRequest[] {
  const seen = new Set<string>();
  return pending.filter(({ scope }) => !seen.has(scope) && seen.add(scope));
}
