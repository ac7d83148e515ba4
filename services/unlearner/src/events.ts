/** Everything that happens to a round, told once: one function per event. */
import type { RoundMetrics } from '@lethe/contracts';
import type { Log } from '@lethe/service-kit';
import { type Attempt, sampleCount } from './actor-state.ts';
import { describeRung } from './domain/ladder.ts';

export function roundStarted(log: Log, attempt: Attempt, closedBy: string): void {
  log.info('a round begins', { ...fieldsOf(attempt), closedBy });
}

export function roundCommitted(
  log: Log,
  attempt: Attempt,
  metrics: RoundMetrics,
  backend: string,
): void {
  const fields = { ...fieldsOf(attempt), ...metrics, backend };
  log.info('a round is committed and goes to the gate', fields);
}

/** The position was taken by another owner: what was computed is dropped. */
export function roundOvertaken(log: Log, attempt: Attempt): void {
  log.warn(
    'another owner committed this position first; the lineage is read again',
    fieldsOf(attempt),
  );
}

/** Nothing to judge came out: the requests climb one rung without leaving a manifest. */
export function rungFailed(log: Log, attempt: Attempt, reason: string): void {
  log.warn('a step of the ladder failed, the next one follows', { ...fieldsOf(attempt), reason });
}

/** Loud: the legal clock of these requests runs on, and only people can help. */
export function escalated(
  log: Log,
  escalation: {
    sequence: number;
    requestCount: number;
    reason: string;
    attempts: readonly number[];
  },
): void {
  log.error('requests are escalated: the model must be retrained without their samples', {
    ...escalation,
    alert: 'escalated',
  });
}

export function blocked(log: Log, error: Error, retryInMs: number): void {
  log.error('the model waits for trouble to end', { error, retryInMs });
}

/** A dead-lettered deletion request still has a legal clock. */
export function deadLettered(
  log: Log,
  at: { partition: number; offset: bigint },
  reason: string,
): void {
  log.error('a deletion request cannot be served and goes to the dead letters', {
    partition: at.partition,
    offset: String(at.offset),
    reason,
    alert: 'dead_letter',
  });
}

function fieldsOf(attempt: Attempt): Record<string, unknown> {
  return {
    sequence: attempt.sequence,
    ladderStep: attempt.ladderStep,
    rung: describeRung(attempt.rung),
    requestCount: attempt.parts.length,
    sampleCount: sampleCount(attempt),
  };
}
