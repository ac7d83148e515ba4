import { LetheError } from '@lethe/contracts';
import { type DatabaseSync, transact, translateSqliteError } from '@lethe/sqlite';
import type { PreparedRecord, RecordLog } from './record-log.ts';

/** Records to append, and what must hold and change with them. */
interface Write {
  readonly records: readonly PreparedRecord[];
  /** Runs inside the transaction, before the records; a LetheError refuses this write alone. */
  readonly alongside: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: LetheError) => void;
}

/** Beyond this many records the rest of the queue waits for the next transaction. */
const recordsPerTransaction = 10_000;

/**
 * Group commit: writes that arrive in one turn of the event loop share one transaction and so one
 * fsync. A write is whole or absent; one that is refused takes no other down with it.
 */
export class WriteQueue {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #log: RecordLog;
  readonly #now: () => number;
  readonly #onAppended: (logIds: readonly number[]) => void;
  #waiting: Write[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(options: {
    readonly db: DatabaseSync;
    readonly file: string;
    readonly log: RecordLog;
    readonly now: () => number;
    readonly onAppended: (logIds: readonly number[]) => void;
  }) {
    this.#db = options.db;
    this.#file = options.file;
    this.#log = options.log;
    this.#now = options.now;
    this.#onAppended = options.onAppended;
  }

  submit(records: readonly PreparedRecord[], alongside?: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, alongside, resolve, reject });
      this.#scheduled ??= setImmediate(() => this.#commitSome());
    });
  }

  /** Commits everything that waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commitSome();
  }

  #commitSome(): void {
    clearImmediate(this.#scheduled);
    const writes = this.#takeSome();
    this.#scheduled = this.#waiting.length > 0 ? setImmediate(() => this.#commitSome()) : undefined;
    if (writes.length > 0) this.#commit(writes);
  }

  #takeSome(): Write[] {
    let records = 0;
    const cut = this.#waiting.findIndex((write, index) => {
      records += write.records.length;
      return index > 0 && records > recordsPerTransaction;
    });
    const taken = cut === -1 ? this.#waiting : this.#waiting.slice(0, cut);
    this.#waiting = cut === -1 ? [] : this.#waiting.slice(cut);
    return taken;
  }

  #commit(writes: readonly Write[]): void {
    const refused = new Map<Write, LetheError>();
    let appended: readonly number[];
    try {
      appended = transact(this.#db, () => {
        const appender = this.#log.appender(this.#now());
        for (const write of writes) {
          const refusal = refusalOf(write);
          if (refusal !== undefined) refused.set(write, refusal);
          else for (const record of write.records) appender.append(record);
        }
        return appender.finish();
      });
    } catch (thrown) {
      const error = translateSqliteError(thrown, `The message log ${this.#file}`);
      for (const write of writes) write.reject(refused.get(write) ?? error);
      return;
    }
    for (const write of writes) {
      const refusal = refused.get(write);
      if (refusal === undefined) write.resolve();
      else write.reject(refusal);
    }
    this.#onAppended(appended);
  }
}

function refusalOf(write: Write): LetheError | undefined {
  try {
    write.alongside?.();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof LetheError) return thrown;
    throw thrown;
  }
}
