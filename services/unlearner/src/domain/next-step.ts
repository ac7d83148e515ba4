import type { PendingRequest } from './pending-request.ts';
import { type Plan, type PlanLimits, planRound } from './plan-round.ts';

/** A request that no further attempt can help, and why. */
export interface GivenUp {
  readonly pending: PendingRequest;
  readonly reason: string;
}

export type NextStep =
  /** One round in flight per model: nothing else happens until it is decided. */
  | { readonly kind: 'await-decision'; readonly sequence: number }
  | { readonly kind: 'escalate'; readonly requests: readonly GivenUp[] }
  | Plan;

export interface Situation {
  /** Sequence of the attempt that is not decided yet. */
  readonly inFlight: number | undefined;
  readonly pending: readonly PendingRequest[];
  /** Why a request must be given up at once, whatever its rung. */
  readonly hopeless: (pending: PendingRequest) => string | undefined;
  readonly ladderLength: number;
}

/** What a model's unlearner does next. */
export function nextStep(situation: Situation, limits: PlanLimits, nowMs: number): NextStep {
  const { inFlight, pending, ladderLength } = situation;
  if (inFlight !== undefined) return { kind: 'await-decision', sequence: inFlight };
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
