/**
 * Which of a model's pending requests make up the next round, and when it closes.
 *
 * Invariants:
 * 1. One round holds one goal only: same mode, same relabel target, same rung of the ladder.
 * 2. A request overtakes an earlier one only where they cannot disagree about a sample: an
 *    earlier request with another goal for one of its rows keeps it back.
 * 3. A request that fits into one round is never split; a bigger one is, and `last` marks its end.
 * 4. The first pending request is always allowed to go, so that nothing starves.
 */
import type { PendingRequest } from './pending-request.ts';
import { roundModeOf } from './round-mode.ts';

export interface PlanLimits {
  /** Most distinct samples of a round at a rung of the ladder. */
  readonly maxBatch: (ladderStep: number) => number;
  /** How long a request waits for others to share its round. */
  readonly maxWaitMs: number;
  /** A request whose deadline is nearer than this goes first and does not wait. */
  readonly deadlineMarginMs: number;
}

/** The share of one request in the planned round. */
export interface PlannedPart {
  readonly pending: PendingRequest;
  readonly rows: readonly number[];
  /** No rows of the request remain after this round. */
  readonly last: boolean;
}

export type Plan =
  /** Nothing is pending. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | {
      readonly kind: 'round';
      readonly parts: readonly PlannedPart[];
      readonly closedBy: 'deadline' | 'retry' | 'size' | 'wait';
    };

/** @param pending in the order they were accepted, retried ones first */
export function planRound(
  pending: readonly PendingRequest[],
  limits: PlanLimits,
  nowMs: number,
): Plan {
  const urgent = (item: PendingRequest) => urgentFromMs(item, limits) <= nowMs;
  const queue = nearestDeadlineFirst(withoutHeldBack(pending), urgent);
  const lead = queue[0];
  if (lead === undefined) return { kind: 'idle' };

  const { parts, full } = fill(queue, lead, limits.maxBatch(lead.ladderStep));
  const waitedOutMs = Math.min(...parts.map((part) => part.pending.arrivedMs)) + limits.maxWaitMs;
  if (urgent(lead)) return { kind: 'round', parts, closedBy: 'deadline' };
  if (lead.ladderStep > 0) return { kind: 'round', parts, closedBy: 'retry' };
  if (full) return { kind: 'round', parts, closedBy: 'size' };
  if (waitedOutMs <= nowMs) return { kind: 'round', parts, closedBy: 'wait' };
  const nextUrgentMs = pending.reduce(
    (nearest, item) => Math.min(nearest, urgentFromMs(item, limits)),
    Number.POSITIVE_INFINITY,
  );
  return { kind: 'wait', untilMs: Math.min(waitedOutMs, nextUrgentMs) };
}

/** From when on a request must not wait any longer. */
function urgentFromMs(item: PendingRequest, limits: PlanLimits): number {
  const deadline = item.request.deadline;
  return deadline === undefined
    ? Number.POSITIVE_INFINITY
    : deadline.getTime() - limits.deadlineMarginMs;
}

/** What a request wants done with its samples. */
function goalOf(item: PendingRequest): string {
  return `${roundModeOf(item.request)}:${item.request.relabelTo ?? ''}`;
}

/** Invariant 2: leaves out every request that an earlier one with another goal keeps back. */
function withoutHeldBack(pending: readonly PendingRequest[]): readonly PendingRequest[] {
  if (new Set(pending.map(goalOf)).size < 2) return pending;
  const several = 'several goals';
  const goalOfRow = new Map<number, string>();
  return pending.filter((item) => {
    const goal = goalOf(item);
    let heldBack = false;
    for (const row of item.rows) {
      const earlier = goalOfRow.get(row);
      if (earlier !== undefined && earlier !== goal) heldBack = true;
      goalOfRow.set(row, earlier === undefined || earlier === goal ? goal : several);
    }
    return !heldBack;
  });
}

function nearestDeadlineFirst(
  items: readonly PendingRequest[],
  urgent: (item: PendingRequest) => boolean,
): readonly PendingRequest[] {
  const deadlineMs = (item: PendingRequest) => item.request.deadline?.getTime() ?? 0;
  const due = items.filter(urgent).sort((a, b) => deadlineMs(a) - deadlineMs(b));
  return due.length === 0 ? items : [...due, ...items.filter((item) => !urgent(item))];
}

/** Takes requests that share the lead's goal and rung until the next one does not fit. */
function fill(
  queue: readonly PendingRequest[],
  lead: PendingRequest,
  maxBatch: number,
): { parts: readonly PlannedPart[]; full: boolean } {
  const goal = goalOf(lead);
  const taken = new Set<number>();
  const parts: PlannedPart[] = [];
  for (const item of queue) {
    if (goalOf(item) !== goal || item.ladderStep !== lead.ladderStep) continue;
    const tooBigForAnyRound = item.rows.length > maxBatch;
    const fresh = item.rows.filter((row) => !taken.has(row));
    if (fresh.length > maxBatch - taken.size && !tooBigForAnyRound) return { parts, full: true };
    const rows = tooBigForAnyRound ? firstThatFit(item.rows, taken, maxBatch) : item.rows;
    for (const row of rows) taken.add(row);
    parts.push({ pending: item, rows, last: rows.length === item.rows.length });
    if (taken.size >= maxBatch) return { parts, full: true };
  }
  return { parts, full: false };
}

/** The longest beginning of `rows` with which the batch stays within its cap. */
function firstThatFit(
  rows: readonly number[],
  taken: ReadonlySet<number>,
  maxBatch: number,
): readonly number[] {
  let room = maxBatch - taken.size;
  let end = 0;
  for (const row of rows) {
    if (!taken.has(row)) room -= 1;
    if (room < 0) break;
    end += 1;
  }
  return rows.slice(0, end);
}
