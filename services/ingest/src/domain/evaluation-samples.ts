import { evaluationSampleId, type TrainingManifest } from '@lethe/datasets';

/** Index of a model's evaluation sets, as `lethe import` wrote it. */
export type EvaluationIndex = Pick<
  TrainingManifest,
  'rowsOfSampleIds' | 'rowsOfDigests' | 'sha256'
>;

export interface EvaluationSamples {
  /** Ascending rows of the index, each once: all that have the content of a sample named. */
  readonly rows: Uint32Array;
  /** Ids and digests that no evaluation set has. */
  readonly unknown: readonly string[];
  /** Ids without a set that name different samples in several. */
  readonly ambiguous: readonly string[];
}

/** Samples of evaluation sets by `SET:ID`, by an id that no other set has, or by SHA-256. */
export function evaluationSamples(
  { ids, sha256 }: { readonly ids: readonly string[]; readonly sha256: readonly string[] },
  setNames: readonly string[],
  index: EvaluationIndex | undefined,
): EvaluationSamples {
  if (index === undefined) {
    return { rows: new Uint32Array(0), unknown: [...ids, ...sha256], ambiguous: [] };
  }
  const unknown: string[] = [];
  const ambiguous: string[] = [];
  const digests = new Set<string>();
  for (const id of ids) {
    const names = [id, ...setNames.map((set) => evaluationSampleId(set, id))];
    const found = new Set([...index.rowsOfSampleIds(names).rows].map((row) => index.sha256(row)));
    if (found.size === 0) unknown.push(id);
    else if (found.size > 1) ambiguous.push(id);
    else for (const digest of found) digests.add(digest);
  }
  for (const digest of sha256) {
    if (index.rowsOfDigests([digest]).rows.length === 0) unknown.push(digest);
    else digests.add(digest);
  }
  return { rows: index.rowsOfDigests([...digests]).rows, unknown, ambiguous };
}
