import type { DeletionRequested, RoundManifest, ServingPointer } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { Attempt } from './life.ts';

export interface RequestId {
  readonly requestId: string;
  readonly emitter: string;
}

export interface FoundAttempts {
  readonly attempts: readonly Attempt[];
  /** As intake published it; `undefined` when no entry names the request. */
  readonly requested: DeletionRequested | undefined;
}

/** Every entry of a model's log that names the request, from entry `from` on. */
export async function findAttempts(
  lineage: LineageStore,
  modelKey: string,
  id: RequestId,
  from: number,
): Promise<FoundAttempts> {
  const attempts: Attempt[] = [];
  let requested: DeletionRequested | undefined;
  for (let sequence = Math.max(1, from); ; sequence++) {
    const found = await lineage.manifest(modelKey, sequence);
    if (found === undefined) break;
    const manifest = found.record;
    const named = nameIn(manifest, id);
    if (named === undefined) continue;
    if (named !== 'by id') requested ??= named;
    const [verdict, decision] = await Promise.all([
      lineage.verdict(modelKey, sequence),
      lineage.decision(modelKey, sequence),
    ]);
    attempts.push({
      manifest,
      verdict: verdict?.record,
      decision: decision?.record,
      move: undefined,
    });
  }
  const moves = await movesOf(lineage, modelKey, new Set(attempts.map(sequenceOf)));
  return {
    attempts: attempts.map((each) => ({ ...each, move: moves.get(sequenceOf(each)) })),
    requested,
  };
}

/** The request as an entry holds it; `undefined` when the entry does not name it. */
function nameIn({ entry }: RoundManifest, id: RequestId): DeletionRequested | 'by id' | undefined {
  const isIt = (request: RequestId | undefined) =>
    request?.requestId === id.requestId && (id.emitter === '' || request.emitter === id.emitter);
  switch (entry?.$case) {
    case 'round':
    case 'escalation':
      return entry.value.parts.find(({ request }) => isIt(request))?.request;
    case 'rollback':
      return entry.value.reopened.find(({ request }) => isIt(request))?.request;
    case 'duplicates':
      return entry.value.requests.find(({ request }) => isIt(request))?.request;
    case 'withdrawal':
      return isIt(entry.value) ? 'by id' : undefined;
    case undefined:
      return undefined;
    default:
      return entry satisfies never;
  }
}

/** The first move of the pointer to each of these versions. */
async function movesOf(
  lineage: LineageStore,
  modelKey: string,
  sequences: ReadonlySet<number>,
): Promise<ReadonlyMap<number, ServingPointer>> {
  const moves = new Map<number, ServingPointer>();
  const last = (await lineage.serving(modelKey))?.pointer.generation ?? 0;
  for (let generation = last; generation > 0; generation--) {
    const move = await lineage.move(modelKey, generation);
    if (move === undefined) continue;
    if (sequences.has(move.sequence)) moves.set(move.sequence, move);
    // Pointers move up the log but for rollbacks: what is older than every attempt tells nothing.
    if (move.move === '' && move.sequence < Math.min(...sequences)) break;
  }
  return moves;
}

function sequenceOf({ manifest }: Attempt): number {
  return manifest.sequence;
}
