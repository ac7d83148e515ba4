/**
 * The hash-chained log of what was decided and done, in an object store.
 *
 * Invariants:
 * 1. Every entry holds the hash of the one before. An append is a put-if-absent at the index after
 *    the last entry, so that any number of writers make one chain.
 * 2. A segment never reaches beyond its pack. A full pack is written once, whole, before its
 *    segments are deleted; who finds neither has reached the end.
 * 3. An event is written once per id, as far as recent entries tell ({@link recentPacks} at a start,
 *    then {@link rememberedIds}): whoever died in between reports its event again.
 */
import { type Digest, LetheError, sha256 } from '@lethe/contracts';
import { checkpointStatement, type LogPoint, type Statement } from '@lethe/evidence';
import { type ObjectStore, putOnce } from '@lethe/store';
import type { AuditEvent } from './audit-event.ts';
import {
  type AuditEntry,
  decodeEntry,
  emptyLog,
  encodeEntry,
  followChain,
  isFault,
  linesOf,
  pointAfter,
} from './entry.ts';
import {
  checkpointKey,
  checkpointsPrefix,
  numberOfKey,
  packKey,
  packSize,
  segmentKey,
} from './log-keys.ts';
import { chunkAt, countLines, packNumbers, readChunks } from './log-reader.ts';

/** Signs a statement into an envelope; see `signStatement`. */
export type SignStatement = (statement: (issued: Date) => Statement) => string;

export interface AuditLogOptions {
  readonly store: ObjectStore;
  /** Without it, no checkpoints are made. */
  readonly sign?: SignStatement;
  /** Hears of trouble that loses nothing: packing and checkpoints are made up for later. */
  readonly onTrouble?: (error: unknown) => void;
}

const rememberedIds = 100_000;
const recentPacks = 8;
/** Checkpoints over as many of the last entries are recent. */
const recentEntries = 10_000;
/** Lost races for one index after which the append is given up. */
const maxRaces = 1_000;
/** Entries of one append that are stored together. */
const maxSegment = 512;

export class AuditLog implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #sign: SignStatement | undefined;
  readonly #onTrouble: (error: unknown) => void;
  readonly #ids = new Set<string>();
  #point: LogPoint = emptyLog;
  #opened = false;
  /** Packs below this one are written. */
  #packed = 0;
  #checkpointed = 0;
  /** Appends come one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #packing: Promise<void> = Promise.resolve();

  constructor({ store, sign, onTrouble = () => {} }: AuditLogOptions) {
    this.#store = store;
    this.#sign = sign;
    this.#onTrouble = onTrouble;
  }

  /**
   * Appends events in order; those that are there already are left out.
   *
   * @returns the log after them
   * @throws LetheError `unavailable`: append the same again; `corrupt` when the log is damaged
   */
  append(events: readonly AuditEvent[]): Promise<LogPoint> {
    const turn = this.#last.then(() => this.#append(events));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** The end of the log as it is stored now. */
  head(): Promise<LogPoint> {
    return this.append([]);
  }

  /** Entries from `index` on, oldest first. */
  async *entries(index = 0): AsyncGenerator<AuditEntry> {
    for await (const { bytes } of readChunks(this.#store, index)) {
      for (const line of linesOf(bytes)) yield decodeEntry(line);
    }
  }

  /** Signs the present end, unless that was done; its envelope. */
  async checkpoint(): Promise<{ readonly point: LogPoint; readonly envelope: string } | undefined> {
    const point = await this.head();
    if (point.size === 0 || this.#sign === undefined) return undefined;
    const key = checkpointKey(point.size);
    if (this.#checkpointed !== point.size) {
      const envelope = this.#sign((issued) => checkpointStatement(point, issued));
      await putOnce(this.#store, key, Buffer.from(envelope));
      this.#checkpointed = point.size;
    }
    const stored = await this.#store.get(key);
    return stored && { point, envelope: Buffer.from(stored.bytes).toString('utf8') };
  }

  /** The checkpoint of this log whose bytes have this digest, among the last ones. */
  async findCheckpoint(digest: Digest): Promise<Uint8Array | undefined> {
    const { size } = await this.head();
    const after = checkpointKey(Math.max(0, size - recentEntries));
    for await (const { key } of this.#store.list(checkpointsPrefix, { after })) {
      const stored = await this.#store.get(key);
      if (stored !== undefined && sha256(stored.bytes) === digest) return stored.bytes;
    }
    return undefined;
  }

  /**
   * Removes whole packs of which every entry is older than `before`, with the checkpoints over them,
   * and says so in the log. What is left can still be verified.
   *
   * @returns the number of entries removed
   */
  async prune(before: Date, actor: string, now: Date): Promise<number> {
    let last: { pack: number; size: number; head: Digest } | undefined;
    for (const pack of await packNumbers(this.#store)) {
      const stored = await this.#store.get(packKey(pack));
      const line = stored && linesOf(stored.bytes).at(-1);
      if (line === undefined || decodeEntry(line).time >= before) break;
      last = { pack, size: (pack + 1) * packSize, head: sha256(line) };
    }
    if (last === undefined) return 0;
    const { size, head } = last;
    await this.append([
      {
        id: `log_pruned/${size}`,
        kind: 'log_pruned',
        time: now,
        actor,
        modelKey: '',
        details: { size, head },
      },
    ]);
    // The one over the last of them stays: it tells what the log goes on from.
    for await (const { key } of this.#store.list(checkpointsPrefix)) {
      if (numberOfKey(key) >= size) break;
      await this.#store.deleteAllVersions(key);
    }
    const packs = (await packNumbers(this.#store)).filter((pack) => pack <= last.pack);
    for (const pack of packs) await this.#store.deleteAllVersions(packKey(pack));
    return packs.length * packSize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#packing;
    await this.checkpoint().catch(this.#onTrouble);
  }

  async #append(events: readonly AuditEvent[]): Promise<LogPoint> {
    await this.#open();
    await this.#advance();
    let left = events.filter(({ id }) => !this.#ids.has(id));
    for (let races = 0; left.length > 0; ) {
      const room = Math.min(maxSegment, packSize - (this.#point.size % packSize));
      const batch = unique(left).slice(0, room);
      const written = await this.#write(batch);
      if (!written && ++races > maxRaces) {
        throw new LetheError('unavailable', 'the audit log is appended to all the time. Try again');
      }
      await this.#advance();
      left = left.filter(({ id }) => !this.#ids.has(id));
    }
    this.#packInBackground();
    return this.#point;
  }

  /** Reads the last packs; `#advance` goes on from there. */
  async #open(): Promise<void> {
    if (this.#opened) return;
    for (const pack of (await packNumbers(this.#store)).slice(-recentPacks)) {
      const stored = await this.#store.get(packKey(pack));
      if (stored === undefined) continue;
      const lines = linesOf(stored.bytes);
      for (const line of lines) this.#remember(decodeEntry(line).id);
      this.#point = { size: pack * packSize + lines.length, head: sha256(lines.at(-1) ?? '') };
      this.#packed = pack + 1;
    }
    this.#opened = true;
  }

  /** Takes in what others, or this process, appended. */
  async #advance(): Promise<void> {
    for (;;) {
      const chunk = await chunkAt(this.#store, this.#point.size);
      if (chunk === undefined || countLines(chunk.bytes) === 0) return;
      const end = followChain(chunk.bytes, this.#point, (line) =>
        this.#remember(decodeEntry(line.toString('utf8')).id),
      );
      if (isFault(end)) {
        const advice = 'Run lethe audit-log verify';
        throw new LetheError('corrupt', `audit log entry ${end.index} was ${end.kind}. ${advice}`);
      }
      this.#point = end;
    }
  }

  /** `false` when the index was taken. */
  async #write(events: readonly AuditEvent[]): Promise<boolean> {
    const start = this.#point;
    let point = start;
    let text = '';
    for (const event of events) {
      const line = encodeEntry(event, point);
      point = pointAfter(line, point);
      text += `${line}\n`;
    }
    const key = segmentKey(start.size);
    const { kind } = await putOnce(this.#store, key, Buffer.from(text));
    if (kind === 'taken') return false;
    // A writer that slept while its pack was filled, written and cleared put its segment beside it.
    const pack = await this.#store.get(packKey(Math.floor(start.size / packSize)));
    if (pack === undefined || Buffer.from(pack.bytes).includes(text)) return true;
    await this.#store.deleteAllVersions(key);
    return false;
  }

  #packInBackground(): void {
    if (Math.floor(this.#point.size / packSize) <= this.#packed) return;
    this.#packing = this.#packing.then(() => this.#pack()).catch(this.#onTrouble);
  }

  async #pack(): Promise<void> {
    while (this.#packed < Math.floor(this.#point.size / packSize)) {
      const pack = this.#packed;
      const keys: string[] = [];
      const parts: Uint8Array[] = [];
      for (let index = pack * packSize; index < (pack + 1) * packSize; ) {
        const chunk = await chunkAt(this.#store, index);
        if (chunk === undefined)
          throw new LetheError('corrupt', `audit log entry ${index} is missing`);
        keys.push(chunk.key);
        parts.push(chunk.bytes);
        index += countLines(chunk.bytes);
      }
      const { kind } = await putOnce(this.#store, packKey(pack), Buffer.concat(parts));
      if (kind === 'taken')
        throw new LetheError('corrupt', `pack ${pack} of the audit log differs`);
      for (const key of keys) {
        if (key !== packKey(pack)) await this.#store.deleteAllVersions(key);
      }
      this.#packed = pack + 1;
    }
  }

  #remember(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= rememberedIds) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}

/** The first of those with one id. */
function unique(events: readonly AuditEvent[]): AuditEvent[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()].toReversed();
}
