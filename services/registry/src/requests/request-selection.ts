import type { RequestState } from '@lethe/contracts';

/** Which requests a page shows, and in what order. */
export interface RequestSelection {
  /** `open` and `overdue`: nearest deadline first; `every` and a state: newest first. */
  readonly show: 'open' | 'overdue' | 'every' | RequestState;
  readonly modelKey?: string;
  readonly emitter?: string;
  readonly now: Date;
}

/** Where a page ends, for the one after it. */
export interface RequestPlace {
  readonly deadlineMs: number;
  readonly position: number;
}

/** A selection, from after `after` on, for SQL over the table of requests. */
export function pageOf(
  { show, modelKey, emitter, now }: RequestSelection,
  after?: RequestPlace,
): {
  readonly condition: string;
  readonly order: string;
  readonly values: readonly (string | number)[];
} {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (condition: string, ...given: (string | number)[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  const byDeadline = show === 'open' || show === 'overdue';
  if (modelKey !== undefined) add('model_key = ?', modelKey);
  if (byDeadline) add('ended_ms IS NULL');
  if (show === 'overdue') add('deadline_ms < ? AND deadline_ms > 0', now.getTime());
  if (typeof show === 'number') add('state = ?', show);
  if (emitter !== undefined) add('emitter = ?', emitter);
  if (after !== undefined && byDeadline) {
    add('(deadline_ms, position) > (?, ?)', after.deadlineMs, after.position);
  } else if (after !== undefined) {
    add('position < ?', after.position);
  }
  return {
    condition: conditions.length === 0 ? 'TRUE' : conditions.join(' AND '),
    order: byDeadline ? 'deadline_ms, position' : 'position DESC',
    values,
  };
}
