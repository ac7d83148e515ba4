import { type DeletionStatus, RequestState } from '@lethe/contracts';

const ended: ReadonlySet<RequestState> = new Set([
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
]);

/** States in which the legal clock still matters to somebody. */
export const openStates: readonly RequestState[] = [
  RequestState.REQUEST_STATE_ACCEPTED,
  RequestState.REQUEST_STATE_IN_ROUND,
];

/** The states of one round, in their order. */
const withinRound: readonly RequestState[] = [
  RequestState.REQUEST_STATE_ACCEPTED,
  RequestState.REQUEST_STATE_IN_ROUND,
  RequestState.REQUEST_STATE_ESCALATED,
];

/**
 * Whether a status that arrives changes where its request stands. Statuses may come twice and
 * late: an end is final, and what is of an earlier round changes nothing.
 */
export function isAdvance(
  current: Pick<DeletionStatus, 'state' | 'sequence'> | undefined,
  next: Pick<DeletionStatus, 'state' | 'sequence'>,
): boolean {
  if (current === undefined) return true;
  if (ended.has(current.state)) return false;
  if (ended.has(next.state)) return true;
  if (next.sequence !== current.sequence) return next.sequence > current.sequence;
  return withinRound.indexOf(next.state) > withinRound.indexOf(current.state);
}
