/**
 * Calls that this process refused for who made them, added up by method and reason until somebody
 * writes them down: whoever floods a service with refused calls must not flood its record.
 */

export interface Refusals {
  readonly method: string;
  readonly reason: string;
  readonly count: number;
}

/** Methods and reasons told apart; what comes beyond is added to one entry. */
const mostEntries = 200;
const tally = new Map<string, Refusals>();

export function tallyRefusal(method: string, reason: string, count = 1): void {
  const key = `${method} ${reason}`;
  const isNew = !tally.has(key) && tally.size >= mostEntries;
  const of = isNew ? { key: 'other', method: 'other', reason: 'several' } : { key, method, reason };
  const known = tally.get(of.key)?.count ?? 0;
  tally.set(of.key, { method: of.method, reason: of.reason, count: known + count });
}

/** What was added up since this was last asked. */
export function takeRefusals(): Refusals[] {
  const taken = [...tally.values()];
  tally.clear();
  return taken;
}
