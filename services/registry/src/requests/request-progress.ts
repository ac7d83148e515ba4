import { type DeletionStatus, RequestState } from '@lethe/contracts';

const ended: ReadonlySet<RequestState> = new Set([
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_CANCELLED,
  RequestState.REQUEST_STATE_DENIED,
  RequestState.REQUEST_STATE_DUPLICATE,
]);

/** States in which a request waits for rounds. */
export const openStates: readonly RequestState[] = [
  RequestState.REQUEST_STATE_ACCEPTED,
  RequestState.REQUEST_STATE_IN_ROUND,
  RequestState.REQUEST_STATE_REOPENED,
  RequestState.REQUEST_STATE_EXPIRED,
];

/** The states of one round, in their order. */
const withinRound: readonly RequestState[] = [
  RequestState.REQUEST_STATE_REOPENED,
  RequestState.REQUEST_STATE_ACCEPTED,
  RequestState.REQUEST_STATE_IN_ROUND,
  RequestState.REQUEST_STATE_ESCALATED,
  RequestState.REQUEST_STATE_EXPIRED,
];

/** Nothing is left to do, unless a rollback opens the request again. */
export function isEnd(state: RequestState): boolean {
  return ended.has(state);
}

/**
 * Whether a status that arrives changes where its request stands. Statuses may come twice and
 * late: what is of an earlier round changes nothing, and an end is final but for a later rollback.
 */
export function isAdvance(
  current: Pick<DeletionStatus, 'state' | 'sequence'> | undefined,
  next: Pick<DeletionStatus, 'state' | 'sequence'>,
): boolean {
  if (isNotice(next.state)) return false;
  if (current === undefined) return true;
  const isReopening = next.state === RequestState.REQUEST_STATE_REOPENED;
  if (ended.has(current.state)) return isReopening && next.sequence > current.sequence;
  if (ended.has(next.state)) return next.sequence >= current.sequence || !isInRound(current.state);
  if (next.sequence !== current.sequence) return next.sequence > current.sequence;
  return withinRound.indexOf(next.state) > withinRound.indexOf(current.state);
}

/** Tells something about a request and moves it nowhere. */
function isNotice(state: RequestState): boolean {
  return state === RequestState.REQUEST_STATE_EXTENDED || state === RequestState.REQUEST_STATE_DUE;
}

/** Only rounds after this one can end the request: it was opened again, or is part of this one. */
function isInRound(state: RequestState): boolean {
  return (
    state === RequestState.REQUEST_STATE_REOPENED || state === RequestState.REQUEST_STATE_IN_ROUND
  );
}
