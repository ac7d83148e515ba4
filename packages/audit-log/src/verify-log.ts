import type { Digest } from '@lethe/contracts';
import {
  type CheckpointPredicate,
  findKeySet,
  type KeySet,
  type LogPoint,
  predicateTypes,
  verifyEvidence,
} from '@lethe/evidence';
import type { ObjectStore } from '@lethe/store';
import { decodeEntry, emptyLog, followChain, isFault, previousOf } from './entry.ts';
import { checkpointKey, checkpointsPrefix, numberOfKey } from './log-keys.ts';
import { countLines, lastSegment, readChunks } from './log-reader.ts';

/** What is wrong with a log. */
export type LogFault = 'truncated' | 'edited' | 'reordered' | 'forged_checkpoint' | 'gap';

export type LogVerification =
  | {
      readonly kind: 'sound';
      readonly point: LogPoint;
      /** Index of the first entry; greater than 0 once old entries were pruned. */
      readonly first: number;
      readonly checkpoints: number;
    }
  | {
      readonly kind: LogFault;
      /** Entry at which it was noticed. */
      readonly index: number;
      readonly explanation: string;
    };

export interface VerifyLogOptions {
  readonly store: ObjectStore;
  readonly keys: KeySet;
  readonly now: Date;
  /** An older checkpoint that somebody kept outside: the log must still hold it. */
  readonly kept?: Uint8Array;
  readonly onProgress?: (entries: number) => void;
}

/** A signed point that the log has to hold. */
interface Anchor extends LogPoint {
  readonly name: string;
}

type Unsound = Exclude<LogVerification, { readonly kind: 'sound' }>;
type AnchorRead = { readonly kind: 'anchor'; readonly anchor: Anchor } | Unsound;

/** Checkpoints that are fetched ahead. */
const readAhead = 16;

/**
 * Reads the whole log and checks it: chain, order, signed checkpoints, nothing cut off. Log and
 * checkpoints are read side by side: memory does not grow with them.
 */
export async function verifyLog(options: VerifyLogOptions): Promise<LogVerification> {
  const { store } = options;
  const kept = await readKept(options);
  if (kept !== undefined && kept.kind !== 'anchor') return kept;

  let point: LogPoint | undefined;
  let first = 0;
  let prunedTo: LogPoint | undefined;
  let disagreeing: Anchor | undefined;
  let checkpoints: AnchorReader | undefined;
  for await (const chunk of readChunks(store)) {
    if (point === undefined && chunk.first > 0) {
      // Entries before were pruned, or somebody cut them off: an entry further on has to say so.
      prunedTo = { size: chunk.first, head: previousOf(Buffer.from(chunk.bytes)) as Digest };
      first = chunk.first;
    }
    point ??= prunedTo ?? emptyLog;
    if (chunk.first !== point.size) return gap(point.size);
    checkpoints ??= new AnchorReader(options, first);
    const expected = await checkpoints.upTo(point.size + countLines(chunk.bytes));
    if ('kind' in expected) return expected;
    if (kept !== undefined) expected.push(kept.anchor);
    const heads = new Map<number, Anchor[]>();
    for (const each of expected) heads.set(each.size, [...(heads.get(each.size) ?? []), each]);
    const compare = (after: LogPoint) => {
      const wrong = heads.get(after.size)?.find(({ head }) => head !== after.head);
      disagreeing ??= wrong;
    };
    compare(point);
    const end = followChain(chunk.bytes, point, (line, after) => {
      compare(after);
      if (prunedTo !== undefined && line.includes('"kind":"log_pruned"')) {
        const { details } = decodeEntry(line.toString('utf8'));
        if (details['size'] === prunedTo.size && details['head'] === prunedTo.head) {
          prunedTo = undefined;
        }
      }
    });
    if (isFault(end)) return fault(end.kind, end.index);
    if (disagreeing !== undefined) return disagrees(disagreeing);
    point = end;
    options.onProgress?.(point.size - first);
  }
  const found = point ?? emptyLog;
  if (prunedTo !== undefined) {
    return {
      kind: 'truncated',
      index: first,
      explanation: `the log begins with entry ${first}, and no entry says that those before were pruned`,
    };
  }
  if (kept !== undefined && kept.anchor.size < first) {
    return {
      kind: 'truncated',
      index: first,
      explanation: `the log begins with entry ${first}: what ${kept.anchor.name} was signed over, ${kept.anchor.size} entries, was removed, so that it cannot be compared. Give one that was kept later, and ask who pruned when`,
    };
  }
  checkpoints ??= new AnchorReader(options, 0);
  const beyond = await checkpoints.upTo(Number.POSITIVE_INFINITY);
  if ('kind' in beyond) return beyond;
  const all = kept === undefined ? beyond : [...beyond, kept.anchor];
  const longest = all.reduce((most, anchor) => (anchor.size > most.size ? anchor : most), {
    ...found,
    name: '',
  });
  if (longest.size > found.size) {
    return {
      kind: 'truncated',
      index: found.size,
      explanation: `the log ends after ${found.size} entries, but ${longest.name} says there were ${longest.size}`,
    };
  }
  if ((await lastSegment(store)) >= found.size) return gap(found.size);
  return {
    kind: 'sound',
    point: found,
    first,
    checkpoints: checkpoints.count + (kept === undefined ? 0 : 1),
  };
}

/** The stored checkpoints in the order of their size, each checked as it is reached. */
class AnchorReader {
  readonly #options: VerifyLogOptions;
  readonly #keys: AsyncIterator<{ readonly key: string }>;
  readonly #ahead: Promise<AnchorRead | undefined>[] = [];
  #next: AnchorRead | undefined;
  /** Checkpoints that were handed out. */
  count = 0;

  /** @param first size of the smallest one that can be compared */
  constructor(options: VerifyLogOptions, first: number) {
    const after = first === 0 ? {} : { after: checkpointKey(first - 1) };
    this.#options = options;
    this.#keys = options.store.list(checkpointsPrefix, after)[Symbol.asyncIterator]();
  }

  /** The following ones up to a size; the first fault among them instead. */
  async upTo(size: number): Promise<Anchor[] | Unsound> {
    const found: Anchor[] = [];
    for (;;) {
      this.#next ??= await this.#read();
      if (this.#next === undefined) return found;
      if (this.#next.kind !== 'anchor') return this.#next;
      if (this.#next.anchor.size > size) return found;
      found.push(this.#next.anchor);
      this.count += 1;
      this.#next = undefined;
    }
  }

  async #read(): Promise<AnchorRead | undefined> {
    while (this.#ahead.length < readAhead) {
      const listed = await this.#keys.next();
      if (listed.done === true) break;
      this.#ahead.push(this.#check(listed.value.key));
    }
    const read = this.#ahead.shift();
    // What is gone since it was listed is not there.
    return read === undefined ? undefined : ((await read) ?? (await this.#read()));
  }

  async #check(key: string): Promise<AnchorRead | undefined> {
    const stored = await this.#options.store.get(key);
    if (stored === undefined) return undefined;
    const read = await readCheckpoint(stored.bytes, key, this.#options);
    if (read.kind !== 'anchor' || read.anchor.size === numberOfKey(key)) return read;
    return forgedCheckpoint(key, `it is that of ${read.anchor.size} entries`);
  }
}

async function readKept(options: VerifyLogOptions): Promise<AnchorRead | undefined> {
  if (options.kept === undefined) return undefined;
  return await readCheckpoint(options.kept, 'the checkpoint that was kept', options);
}

async function readCheckpoint(
  bytes: Uint8Array,
  name: string,
  { store, keys, now }: VerifyLogOptions,
): Promise<AnchorRead> {
  const found = verifyEvidence(bytes, keys, now);
  if (found.kind === 'unknown_key') {
    return forgedCheckpoint(name, await aboutUnknownKey(store, found.keyId));
  }
  if (found.kind !== 'valid') return forgedCheckpoint(name, found.explanation);
  const { predicate, predicateType } = found.statement;
  if (predicateType !== predicateTypes.checkpoint) return forgedCheckpoint(name, 'it is none');
  const { size, head } = predicate as CheckpointPredicate;
  return { kind: 'anchor', anchor: { size, head, name } };
}

/** Says of a key that nobody trusts here whether it is one of this installation. */
async function aboutUnknownKey(store: ObjectStore, keyId: string): Promise<string> {
  const unknown = `key ${keyId.slice(0, 16)} signed it, which is not in the key set it is checked with`;
  const published = await findKeySet(store, keyId);
  if (published === undefined) {
    return `${unknown}, and which no service publishes. Should it be the key of a registry of yours, check with that one's key set; else it is forged`;
  }
  return `${unknown}, but which a service of this installation publishes (${published}): that service has a key folder of its own. Check with the keys of all services (lethe keys export, from the running registry), or let all share one key folder (LETHE_KEYS)`;
}

function forgedCheckpoint(name: string, why: string): Unsound {
  return {
    kind: 'forged_checkpoint',
    index: 0,
    explanation: `${name} is not to be believed: ${why}`,
  };
}

/** A good signature over another history: either side may have been exchanged. */
function disagrees({ name, size }: Anchor): Unsound {
  return {
    kind: 'edited',
    index: size - 1,
    explanation: `entry ${size - 1} is not the one that ${name} was signed over`,
  };
}

function gap(index: number): LogVerification {
  return {
    kind: 'gap',
    index,
    explanation: `entry ${index} is missing, though later ones are there`,
  };
}

function fault(kind: 'edited' | 'reordered', index: number): LogVerification {
  const explanation =
    kind === 'edited'
      ? `entry ${index} is not what the entry after it was chained to`
      : `another entry stands in the place of entry ${index}`;
  return { kind, index, explanation };
}
