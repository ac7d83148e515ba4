/** A request as the table of requests has it. */
import type { SQLOutputValue } from 'node:sqlite';
import { DeletionStatus, type Regulation, type RequestState } from '@lethe/contracts';

export interface ProjectedRequest {
  /** Grows in the order of arrival. */
  readonly position: number;
  readonly current: DeletionStatus;
  /** In the order of arrival. */
  readonly history: readonly DeletionStatus[];
  /** With an extension, where there is one. */
  readonly deadline: Date | undefined;
  readonly isExtended: boolean;
}

/** What the yearly report needs of a request. */
export interface SubmittedRequest {
  /** It is part of a request over several models. */
  readonly isChild: boolean;
  readonly modelKey: string;
  readonly regulation: Regulation;
  readonly state: RequestState;
  readonly submittedMs: number;
  readonly deadlineMs: number;
  readonly isExtended: boolean;
  readonly endedMs: number | undefined;
}

/** Those of a {@link RequestRow}. */
export const columns = 'position, state, sequence, deadline_ms, extended, current';

export interface RequestRow {
  readonly position: number;
  readonly state: RequestState;
  readonly sequence: number;
  readonly deadline_ms: number;
  readonly extended: number;
  readonly current: Uint8Array;
}

export function submitted(row: Readonly<Record<string, SQLOutputValue>>): SubmittedRequest {
  return {
    modelKey: String(row['model_key']),
    isChild: row['parent'] !== '',
    regulation: Number(row['regulation']) as Regulation,
    state: Number(row['state']) as RequestState,
    submittedMs: Number(row['submitted_ms']),
    deadlineMs: Number(row['deadline_ms']),
    isExtended: row['extended'] === 1,
    endedMs: row['ended_ms'] === null ? undefined : Number(row['ended_ms']),
  };
}

export function projected(row: RequestRow, history: readonly DeletionStatus[]): ProjectedRequest {
  return {
    position: row.position,
    current: DeletionStatus.decode(row.current),
    history,
    deadline: row.deadline_ms === 0 ? undefined : new Date(row.deadline_ms),
    isExtended: row.extended === 1,
  };
}
