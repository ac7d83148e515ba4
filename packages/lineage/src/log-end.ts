/**
 * Questions about a model's log that its end answers, read backwards: what they cost, in time and in
 * memory, grows with what happened lately and not with the log. They say what the fold would.
 */
import type { Decision, Rollback, RoundManifest } from '@lethe/contracts';
import { clockSkewMs } from './clock-skew.ts';
import { corruptEntry } from './corrupt-entry.ts';
import type { LineageStore } from './lineage-store.ts';
import type { RequestProgress } from './model-state.ts';
import { requestKey } from './request-key.ts';

/** What the last entry of a log tells of the state after it. */
export interface LogEnd {
  /** Of the manifest that comes next. */
  readonly nextSequence: number;
  /** Where the next entry starts from: see `Head`. */
  readonly headSequence: number;
  /** Sequence of a round that nobody has decided on yet. */
  readonly inFlight: number | undefined;
}

interface DecidedEntry {
  readonly manifest: RoundManifest;
  readonly decision: Decision | undefined;
}

/** Entries that are read at the same time. */
const window = 16;

/**
 * The last sequence of a model's log, 0 for an empty one, by halving: a log has no gap.
 *
 * @param from a sequence that is known to be there, or 0
 */
export async function newestSequence(
  store: LineageStore,
  modelKey: string,
  from = 0,
): Promise<number> {
  const isThere = async (sequence: number) =>
    (await store.manifest(modelKey, sequence)) !== undefined;
  let low = from;
  let step = 1;
  for (; await isThere(low + step); step *= 2) low += step;
  for (let high = low + step; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (await isThere(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** @throws LetheError `corrupt` naming the sequence */
export async function readLogEnd(store: LineageStore, modelKey: string): Promise<LogEnd> {
  const served = (await store.serving(modelKey))?.pointer.sequence ?? 0;
  const last = await newestSequence(store, modelKey, served);
  if (last === 0) return { nextSequence: 1, headSequence: 0, inFlight: undefined };
  const entry = await readEntry(store, modelKey, last);
  const isOpen = entry.manifest.entry?.$case === 'round' && entry.decision === undefined;
  return {
    nextSequence: last + 1,
    headSequence: headAfter(modelKey, entry),
    inFlight: isOpen ? last : undefined,
  };
}

/**
 * Where a request stands by the log. The last entry that names it tells; entries older than its
 * acceptance cannot.
 *
 * @param accepted when it was taken in; `undefined`: the whole log is read
 */
export async function progressOf(
  store: LineageStore,
  modelKey: string,
  { nextSequence }: LogEnd,
  request: { readonly emitter: string; readonly requestId: string },
  accepted: Date | undefined,
): Promise<RequestProgress['kind']> {
  const key = requestKey(request);
  const oldestMs = (accepted?.getTime() ?? Number.NEGATIVE_INFINITY) - clockSkewMs;
  for await (const entry of entriesBack(store, modelKey, nextSequence - 1)) {
    const kind = progressBy(entry, key);
    if (kind !== undefined) return kind;
    if ((entry.manifest.createdTime?.getTime() ?? Infinity) < oldestMs) break;
  }
  return 'unknown';
}

/** The last rollback and its sequence; nothing where a round was promoted since, or there was none. */
export async function lastRollback(
  store: LineageStore,
  modelKey: string,
  { nextSequence }: LogEnd,
): Promise<{ readonly sequence: number; readonly rollback: Rollback } | undefined> {
  for await (const { manifest, decision } of entriesBack(store, modelKey, nextSequence - 1)) {
    const { sequence, entry } = manifest;
    if (entry?.$case === 'rollback') return { sequence, rollback: entry.value };
    if (decision?.promoted === true) return undefined;
  }
  return undefined;
}

/** Entries `from`, `from - 1`, …, 1. */
async function* entriesBack(
  store: LineageStore,
  modelKey: string,
  from: number,
): AsyncGenerator<DecidedEntry> {
  for (let end = from; end > 0; end -= window) {
    const count = Math.min(window, end);
    yield* await Promise.all(
      Array.from({ length: count }, (_, index) => readEntry(store, modelKey, end - index)),
    );
  }
}

async function readEntry(
  store: LineageStore,
  modelKey: string,
  sequence: number,
): Promise<DecidedEntry> {
  const [manifest, decision] = await Promise.all([
    store.manifest(modelKey, sequence),
    store.decision(modelKey, sequence),
  ]);
  if (manifest === undefined) {
    throw corruptEntry(modelKey, sequence, 'is missing, though later ones are there');
  }
  return { manifest: manifest.record, decision: decision?.record };
}

function headAfter(modelKey: string, { manifest, decision }: DecidedEntry): number {
  const { sequence, entry } = manifest;
  switch (entry?.$case) {
    case 'rollback':
      return entry.value.targetSequence;
    case 'round':
      return decision?.promoted === true ? sequence : entry.value.parentSequence;
    case 'escalation':
    case 'withdrawal':
    case 'duplicates':
      return entry.value.parentSequence;
    case undefined:
      throw corruptEntry(modelKey, sequence, 'is of a kind that is not known');
    default:
      return entry satisfies never;
  }
}

/** Where an entry leaves a request; `undefined` when it does not name it. */
function progressBy(
  { manifest, decision }: DecidedEntry,
  key: string,
): RequestProgress['kind'] | undefined {
  const { entry } = manifest;
  const names = ({ request }: { request?: { emitter: string; requestId: string } | undefined }) =>
    request !== undefined && requestKey(request) === key;
  switch (entry?.$case) {
    case 'round': {
      const part = entry.value.parts.find(names);
      if (part === undefined) return undefined;
      return part.last && decision?.promoted === true ? 'completed' : 'open';
    }
    case 'escalation':
      return entry.value.parts.some(names) ? 'escalated' : undefined;
    case 'rollback':
      return entry.value.reopened.some(names) ? 'open' : undefined;
    case 'withdrawal':
      return requestKey(entry.value) === key ? 'withdrawn' : undefined;
    case 'duplicates':
      return entry.value.requests.some(names) ? 'duplicate' : undefined;
    case undefined:
      throw corruptEntry(manifest.modelKey, manifest.sequence, 'is of a kind that is not known');
    default:
      return entry satisfies never;
  }
}
