import { type DeletionStatus, RequestState, requestStateToJSON } from '@lethe/contracts';
import { isEnd } from './request-progress.ts';

/** Ends of children from the one that tells most of the whole to the one that tells least. */
const ends: readonly RequestState[] = [
  RequestState.REQUEST_STATE_DENIED,
  RequestState.REQUEST_STATE_CANCELLED,
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_DUPLICATE,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_NO_MATCH,
];

/** What of an open child concerns the whole, the worst first. */
const worries: readonly RequestState[] = [
  RequestState.REQUEST_STATE_ESCALATED,
  RequestState.REQUEST_STATE_EXPIRED,
  RequestState.REQUEST_STATE_REOPENED,
];

/**
 * Where a request over several models stands, from where it stands in each: ended when it is in all
 * of them. A function of its children, so that whoever works it out says the same. `undefined`
 * while there is nothing to say but that it was taken in. Pure.
 */
export function fanOutStatus(
  parent: DeletionStatus,
  children: readonly DeletionStatus[],
): DeletionStatus | undefined {
  const hasEnded =
    children.length === parent.modelCount && children.every(({ state }) => isEnd(state));
  const state = (hasEnded ? ends : worries).find((each) =>
    children.some((child) => child.state === each),
  );
  if (state === undefined) return undefined;
  return {
    ...parent,
    state,
    detail: describe(children),
    time: new Date(Math.max(...children.map(({ time }) => time?.getTime() ?? 0))),
    // Grows with every move of a child, as that of a single model does with its rounds.
    sequence: children.reduce((sum, { sequence }) => sum + sequence, 0),
  };
}

function describe(children: readonly DeletionStatus[]): string {
  const counts = new Map<string, number>();
  for (const { state } of children) {
    const word = requestStateToJSON(state).replace('REQUEST_STATE_', '').toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].sort().map(([word, count]) => `${count} ${word}`);
  return `of ${children.length} models: ${parts.join(', ')}`;
}
