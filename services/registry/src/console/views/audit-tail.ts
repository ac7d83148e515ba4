import { type AuditEntry, type AuditLog, packSize } from '@lethe/audit-log';
import type { AuditPage } from '@lethe/console';

/** Entries kept in memory: the end of the log is what people look at. */
const kept = 5_000;

/** The end of the audit log, newest first; what is older is read from the store. */
export class AuditTail {
  readonly #log: Pick<AuditLog, 'head' | 'entries'>;
  /** Without a gap, oldest first. */
  #entries: AuditEntry[] = [];
  #reading: Promise<void> = Promise.resolve();

  constructor(log: Pick<AuditLog, 'head' | 'entries'>) {
    this.#log = log;
  }

  /** @param before index; 0: from the newest on */
  async page(before: number, limit: number): Promise<AuditPage> {
    const { size, head } = await this.#log.head();
    this.#reading = this.#reading.catch(() => {}).then(() => this.#catchUp(size));
    await this.#reading;
    const end = before === 0 ? size : Math.min(before, size);
    const from = Math.max(0, end - limit);
    const entries = await this.#between(from, end);
    return {
      size,
      head,
      entries: entries
        .toReversed()
        .map(({ index, hash, kind, time, actor, modelKey, details }) => ({
          index,
          hash,
          kind,
          time: time.toISOString(),
          actor,
          modelKey,
          details,
        })),
      before: from,
    };
  }

  /** Where a read ended something begins: `entries` can go on from there. */
  async #catchUp(size: number): Promise<void> {
    const last = this.#entries.at(-1)?.index;
    if (last !== undefined && last + 1 >= size) return;
    const from = last === undefined ? borderBefore(size - kept / 2) : last + 1;
    const read: AuditEntry[] = [];
    for await (const entry of this.#log.entries(from)) read.push(entry);
    this.#entries = [...this.#entries, ...read].slice(-kept);
  }

  async #between(from: number, end: number): Promise<readonly AuditEntry[]> {
    const first = this.#entries[0]?.index ?? 0;
    if (from >= first) return this.#entries.filter(({ index }) => index >= from && index < end);
    const older: AuditEntry[] = [];
    for await (const entry of this.#log.entries(borderBefore(from))) {
      if (entry.index >= end) break;
      if (entry.index >= from) older.push(entry);
    }
    return older;
  }
}

/** Entries are stored together in packs: reading begins where one begins. */
function borderBefore(index: number): number {
  return Math.max(0, Math.floor(index / packSize) * packSize);
}
