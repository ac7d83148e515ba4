import {
  type DeletionRequested,
  LetheError,
  type ReopenedRequest,
  type RequestPart,
  type Round,
  type RoundManifest,
} from '@lethe/contracts';
import { clockSkewMs } from './clock-skew.ts';
import type { LineageStore, Recorded } from './lineage-store.ts';
import { requestKey } from './request-key.ts';
import { sampleCountOf } from './request-scope.ts';

/** A promoted version, seen from a later one. */
export interface Ancestor {
  readonly manifest: Recorded<RoundManifest>;
  readonly round: Round;
}

/** Where manifests are read. */
export type ManifestSource = Pick<LineageStore, 'manifest'>;

/** Of a long chain, the newest manifests are read once. */
const rememberedManifests = 64;

/**
 * Reads a manifest once, however many requests it served: for one piece of work, since manifests
 * never change but are many.
 */
export function rememberManifests(lineages: ManifestSource): ManifestSource {
  const known = new Map<string, ReturnType<ManifestSource['manifest']>>();
  return {
    manifest(modelKey, sequence) {
      const key = `${modelKey}/${sequence}`;
      const read = known.get(key) ?? lineages.manifest(modelKey, sequence);
      if (known.size < rememberedManifests) known.set(key, read);
      return read;
    },
  };
}

/**
 * The version `sequence` and the ones it was made from, newest first; the original is not among them.
 *
 * @throws LetheError `corrupt` when the chain is broken
 */
export async function* ancestors(
  lineages: ManifestSource,
  modelKey: string,
  sequence: number,
): AsyncGenerator<Ancestor> {
  for (let at = sequence; at > 0; ) {
    const manifest = await lineages.manifest(modelKey, at);
    if (manifest?.record.entry?.$case !== 'round') {
      throw new LetheError('corrupt', `${modelKey} ${at} is no round, though one was made from it`);
    }
    const round = manifest.record.entry.value;
    yield { manifest, round };
    at = round.parentSequence;
  }
}

/** A promoted round that served rows of a request. */
export interface ServedPart extends Ancestor {
  readonly part: RequestPart;
}

/**
 * The rounds that forgot rows of a request, newest first, among the ancestors of `sequence`. Stops
 * where all rows are found, or rounds are older than the request.
 */
export async function roundsOfRequest(
  lineages: ManifestSource,
  request: DeletionRequested,
  sequence: number,
): Promise<ServedPart[]> {
  const key = requestKey(request);
  const total = sampleCountOf(request) ?? Infinity;
  const oldestMs = (request.acceptedTime?.getTime() ?? 0) - clockSkewMs;
  const found: ServedPart[] = [];
  let rows = 0;
  for await (const ancestor of ancestors(lineages, request.modelKey, sequence)) {
    const part = ancestor.round.parts.find(
      (each) => each.request && requestKey(each.request) === key,
    );
    if (part !== undefined) {
      found.push({ ...ancestor, part });
      rows += part.rows.length;
    }
    const madeMs = ancestor.manifest.record.createdTime?.getTime() ?? Infinity;
    if (rows >= total || madeMs < oldestMs) break;
  }
  return found;
}

export interface LostCoverage {
  /** Requests that were completed and would not be any more. */
  readonly completedCount: number;
  /** Those, and the ones that were begun, as they would stand. */
  readonly reopened: readonly ReopenedRequest[];
}

/**
 * What would be remembered again if `target` served in place of `head`.
 *
 * @throws LetheError `capacity` where that is more than `maxReopened` requests
 */
export async function lostCoverage(
  lineages: LineageStore,
  modelKey: string,
  {
    head,
    target,
    maxReopened = Infinity,
  }: { readonly head: number; readonly target: number; readonly maxReopened?: number },
): Promise<LostCoverage> {
  const lost: ForgottenPart[] = [];
  const requests = new Set<string>();
  for await (const each of forgottenSinceFork(lineages, modelKey, head, target)) {
    lost.push(each);
    if (requests.add(each.key).size <= maxReopened) continue;
    throw new LetheError(
      'capacity',
      `between version ${target} and ${head} of ${modelKey} lie more than ${maxReopened} requests, which is what one rollback may open again. Go back in smaller steps, or register the model anew`,
    );
  }
  const keptRows = new Map<string, ReadonlySet<number>>();
  for await (const { key, part } of forgottenSinceFork(lineages, modelKey, target, head)) {
    keptRows.set(key, new Set(part.rows));
  }
  const open = new Map<string, DeletionRequested>();
  let completedCount = 0;
  for (const { key, part } of lost) {
    if (part.request === undefined) continue;
    const rows = keptRows.get(key);
    if (rows !== undefined && part.rows.every((row) => rows.has(row))) continue;
    if (part.last) completedCount += 1;
    open.set(key, part.request);
  }
  const reopened: ReopenedRequest[] = [];
  for (const request of open.values()) {
    const rounds = await roundsOfRequest(lineages, request, target);
    reopened.push({ request, rowsDone: rounds.flatMap(({ part }) => part.rows) });
  }
  return { completedCount, reopened };
}

interface ForgottenPart {
  readonly key: string;
  readonly part: RequestPart;
}

/** Parts served by ancestors of `from` that are no ancestors of `other`. */
async function* forgottenSinceFork(
  lineages: LineageStore,
  modelKey: string,
  from: number,
  other: number,
): AsyncGenerator<ForgottenPart> {
  const others = ancestors(lineages, modelKey, other);
  let next = await others.next();
  for await (const { manifest, round } of ancestors(lineages, modelKey, from)) {
    const { sequence } = manifest.record;
    while (!next.done && next.value.manifest.record.sequence > sequence) next = await others.next();
    if (!next.done && next.value.manifest.record.sequence === sequence) return;
    for (const part of round.parts) {
      if (part.request !== undefined) yield { key: requestKey(part.request), part };
    }
  }
}
