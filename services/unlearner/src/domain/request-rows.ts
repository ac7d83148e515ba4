import { type DeletionRequested, Mode, type ModelRegistration } from '@lethe/contracts';

/** What is asked of a training manifest here. */
export interface RowIndex {
  has(row: number): boolean;
  /** Rows of a class in pages, ascending. */
  rowsOfLabel(label: number): Iterable<Uint32Array>;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly rows: readonly number[] }
  /** No retry can help; `reason` is one sentence without anything personal. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Checks an event that ingest should have checked, and resolves its scope to rows. */
export function admitRequest(
  request: DeletionRequested,
  registration: ModelRegistration,
  index: RowIndex,
): Admission {
  const { mode, relabelTo, trainingManifestDigest } = request;
  if (trainingManifestDigest !== registration.trainingManifestDigest) {
    return refused('its scope was resolved against another training manifest');
  }
  if (mode === Mode.MODE_UNSPECIFIED) return refused('it does not say how to forget (mode)');
  if (
    mode === Mode.MODE_RELABEL &&
    !(relabelTo !== undefined && relabelTo < registration.classCount)
  ) {
    return refused(`its relabel target must be a class below ${registration.classCount}`);
  }
  const rows = rowsOf(request, index);
  if (rows.length === 0) return refused('its scope names no sample');
  const unknown = rows.find((row) => !index.has(row));
  if (unknown !== undefined) return refused(`row ${unknown} is not in the training manifest`);
  return { kind: 'admitted', rows };
}

/** Every row that a request names, ascending, each once. */
export function rowsOf(request: DeletionRequested, index: RowIndex): readonly number[] {
  const { scope } = request;
  switch (scope?.$case) {
    case 'rows':
      return [...new Set(scope.value.rows)].sort((a, b) => a - b);
    case 'classLabel': {
      const rows: number[] = [];
      for (const page of index.rowsOfLabel(scope.value)) for (const row of page) rows.push(row);
      return rows;
    }
    case undefined:
      return [];
    default:
      return scope satisfies never;
  }
}

function refused(reason: string): Admission {
  return { kind: 'refused', reason };
}
