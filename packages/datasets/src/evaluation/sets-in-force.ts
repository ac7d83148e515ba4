/**
 * What is left of a model's evaluation sets after deletion requests: what they name neither steers
 * a round nor judges one from then on. What was registered stays as it is; exclusions are added.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Digest,
  type EvaluationSet,
  LetheError,
  type ModelRegistration,
  type RowRange,
  sha256,
} from '@lethe/contracts';
import { openTrainingManifest, type TrainingManifest } from '../manifest/training-manifest.ts';
import { rangesOfRows, rowsOfRanges } from '../sample-digests.ts';

/** A sample that was taken out of an evaluation set. */
export interface ExcludedSample {
  /** Within the set as registered. */
  readonly position: number;
  /** Its bytes on disk may be gone: the set's digest is checked with this. */
  readonly sha256: Digest;
}

export interface SetInForce {
  readonly set: EvaluationSet;
  /** Ascending. */
  readonly excluded: readonly ExcludedSample[];
  /** Samples left. */
  readonly size: number;
  /** SHA-256 over the SHA-256 of the samples left, in order; the registered digest while all are. */
  readonly digest: string;
}

/** Where exclusions are recorded, and files of blobs. */
export interface ExclusionRecord {
  /** Ascending rows of the model's evaluation index. */
  excludedRows(modelKey: string): Promise<Uint32Array>;
  readonly blobs: { file(digest: Digest): Promise<string> };
}

type Registered = Pick<ModelRegistration, 'modelKey' | 'evaluationSets' | 'evaluationIndexDigest'>;

/** Reads the record each time, and works out digests again only when something was excluded. */
export class SetsInForce {
  readonly #record: ExclusionRecord;
  readonly #known = new Map<string, { rows: Digest; sets: readonly SetInForce[] }>();

  constructor(record: ExclusionRecord) {
    this.#record = record;
  }

  /** All evaluation sets of a model, in the order of its registration. */
  async of(registration: Registered): Promise<readonly SetInForce[]> {
    const { modelKey, evaluationSets, evaluationIndexDigest } = registration;
    const excluded = await this.#record.excludedRows(modelKey);
    if (excluded.length === 0) return evaluationSets.map((set) => unchanged(set));
    const rows = sha256(excluded.join());
    const known = this.#known.get(modelKey);
    if (known?.rows === rows) return known.sets;
    if (evaluationIndexDigest === '') {
      throw new LetheError(
        'corrupt',
        `samples of evaluation sets of ${modelKey} are excluded, but its registration names no index of them. Restore it from a backup`,
      );
    }
    const file = await this.#record.blobs.file(evaluationIndexDigest as Digest);
    using index = openTrainingManifest(file);
    const sets = await setsInForce(evaluationSets, index, excluded);
    this.#known.set(modelKey, { rows, sets });
    return sets;
  }
}

/** Rows of the set's source that are left, as [from, to) ranges. */
export function rangesInForce({ set, excluded }: SetInForce): RowRange[] {
  const out = new Set(excluded.map(({ position }) => position));
  const all = set.ranges.length === 0 ? [{ from: 0, to: set.size }] : set.ranges;
  const rows = rowsOfRanges(all, Number.MAX_SAFE_INTEGER);
  return rangesOfRows(rows.filter((_, position) => !out.has(position)));
}

function unchanged(set: EvaluationSet): SetInForce {
  return { set, excluded: [], size: set.size, digest: set.digest };
}

/** @param excluded ascending rows of the index */
export async function setsInForce(
  sets: readonly EvaluationSet[],
  index: Pick<TrainingManifest, 'sha256'>,
  excluded: Uint32Array,
): Promise<readonly SetInForce[]> {
  const out = new Set(excluded);
  const found: SetInForce[] = [];
  let first = 0;
  for (const set of sets) {
    found.push(await inForce(set, index, first, out));
    first += set.size;
  }
  return found;
}

const perTurn = 1024;

async function inForce(
  set: EvaluationSet,
  index: Pick<TrainingManifest, 'sha256'>,
  first: number,
  out: ReadonlySet<number>,
): Promise<SetInForce> {
  const excluded: ExcludedSample[] = [];
  for (let position = 0; position < set.size; position++) {
    if (out.has(first + position)) {
      excluded.push({ position, sha256: index.sha256(first + position) });
    }
  }
  if (excluded.length === 0) return unchanged(set);
  const hash = createHash('sha256');
  for (let position = 0; position < set.size; position++) {
    if (position % perTurn === perTurn - 1) await nextTurn();
    if (!out.has(first + position)) hash.update(index.sha256(first + position), 'hex');
  }
  return { set, excluded, size: set.size - excluded.length, digest: hash.digest('hex') };
}
