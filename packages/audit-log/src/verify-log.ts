import type { Digest } from '@lethe/contracts';
import {
  type CheckpointPredicate,
  type KeySet,
  type LogPoint,
  predicateTypes,
  verifyEvidence,
} from '@lethe/evidence';
import type { ObjectStore } from '@lethe/store';
import { decodeEntry, emptyLog, followChain, isFault, previousOf } from './entry.ts';
import { checkpointsPrefix } from './log-keys.ts';
import { lastSegment, readChunks } from './log-reader.ts';

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

interface Anchor extends LogPoint {
  readonly name: string;
}

/** Reads the whole log and checks it: chain, order, signed checkpoints, nothing cut off. */
export async function verifyLog(options: VerifyLogOptions): Promise<LogVerification> {
  const { store } = options;
  const anchors = await readAnchors(options);
  if (!Array.isArray(anchors)) return anchors;
  const expected = new Map<number, Anchor[]>();
  for (const anchor of anchors) {
    expected.set(anchor.size, [...(expected.get(anchor.size) ?? []), anchor]);
  }

  let point: LogPoint | undefined;
  let first = 0;
  let prunedTo: LogPoint | undefined;
  let forged: Anchor | undefined;
  for await (const chunk of readChunks(store)) {
    if (point === undefined && chunk.first > 0) {
      // Entries before were pruned, or somebody cut them off: an entry further on has to say so.
      prunedTo = { size: chunk.first, head: previousOf(Buffer.from(chunk.bytes)) as Digest };
      first = chunk.first;
    }
    point ??= prunedTo ?? emptyLog;
    if (chunk.first !== point.size) return gap(point.size);
    const start: LogPoint = point;
    const end = followChain(chunk.bytes, start, (line, after) => {
      const [wrong] = (expected.get(after.size) ?? []).filter(({ head }) => head !== after.head);
      forged ??= wrong;
      if (prunedTo !== undefined && line.includes('"kind":"log_pruned"')) {
        const { details } = decodeEntry(line.toString('utf8'));
        if (details['size'] === prunedTo.size && details['head'] === prunedTo.head) {
          prunedTo = undefined;
        }
      }
    });
    if (isFault(end)) return fault(end.kind, end.index);
    if (forged !== undefined) return disagrees(forged);
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
  const longest = anchors.reduce((most, anchor) => (anchor.size > most.size ? anchor : most), {
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
  return { kind: 'sound', point: found, first, checkpoints: anchors.length };
}

async function readAnchors(options: VerifyLogOptions): Promise<Anchor[] | LogVerification> {
  const anchors: Anchor[] = [];
  const take = (bytes: Uint8Array, name: string): LogVerification | undefined => {
    const found = verifyEvidence(bytes, options.keys, options.now);
    if (found.kind !== 'valid') return forgedCheckpoint(name, found.explanation);
    const { predicate, predicateType } = found.statement;
    if (predicateType !== predicateTypes.checkpoint) return forgedCheckpoint(name, 'it is none');
    const { size, head } = predicate as CheckpointPredicate;
    anchors.push({ size, head, name });
    return undefined;
  };
  for await (const { key } of options.store.list(checkpointsPrefix)) {
    const stored = await options.store.get(key);
    const wrong = stored && take(stored.bytes, key);
    if (wrong !== undefined) return wrong;
  }
  if (options.kept !== undefined) {
    const wrong = take(options.kept, 'the checkpoint that was kept');
    if (wrong !== undefined) return wrong;
  }
  return anchors;
}

function forgedCheckpoint(name: string, why: string): LogVerification {
  return {
    kind: 'forged_checkpoint',
    index: 0,
    explanation: `${name} is not to be believed: ${why}`,
  };
}

/** A good signature over another history: either side may have been exchanged. */
function disagrees({ name, size }: Anchor): LogVerification {
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
