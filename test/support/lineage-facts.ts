import { createHash } from 'node:crypto';
import type { ObjectStore } from '@lethe/store';

/** What the objects of a store say about a model, worked out with none of the services' logic. */
export interface LineageFacts {
  readonly sequences: readonly number[];
  readonly promoted: readonly number[];
  /** `emitter/request` → rows served by promoted rounds, repetitions included. */
  readonly rowsForgotten: ReadonlyMap<string, readonly number[]>;
  readonly servingSequence: number;
  /** Digests that do not match, verdicts that are missing, forks. */
  readonly violations: readonly string[];
}

interface ManifestJson {
  readonly sequence: number;
  readonly round?: {
    readonly parentSequence?: number;
    readonly weightsDigest: string;
    readonly parts: readonly {
      readonly request: { readonly emitter: string; readonly requestId: string };
      readonly rows: readonly number[];
    }[];
  };
}

export async function readLineageFacts(
  store: ObjectStore,
  modelKey: string,
): Promise<LineageFacts> {
  const read = async <T>(key: string): Promise<T | undefined> => {
    const object = await store.get(`models/${modelKey}/${key}`);
    return object && (JSON.parse(new TextDecoder().decode(object.bytes)) as T);
  };
  const violations: string[] = [];
  const sequences: number[] = [];
  const promoted: number[] = [];
  const rowsForgotten = new Map<string, number[]>();

  for (let sequence = 1; ; sequence++) {
    const name = `${String(sequence).padStart(10, '0')}.json`;
    const manifest = await read<ManifestJson>(`manifests/${name}`);
    if (manifest === undefined) break;
    sequences.push(sequence);
    const decision = await read<{ promoted?: boolean }>(`decisions/${name}`);
    const { round } = manifest;
    if (round === undefined || decision?.promoted !== true) continue;
    const verdict = await read<{ outcome: string; weightsDigest: string }>(`verdicts/${name}`);
    if (verdict?.outcome !== 'OUTCOME_PASS') violations.push(`${sequence} promoted without a pass`);
    if (verdict?.weightsDigest !== round.weightsDigest) {
      violations.push(`the verdict on ${sequence} is of other weights`);
    }
    if ((await digestOf(store, round.weightsDigest)) !== round.weightsDigest) {
      violations.push(`the weights of ${sequence} are damaged`);
    }
    const last = promoted.at(-1) ?? 0;
    if ((round.parentSequence ?? 0) !== last) violations.push(`${sequence} forks from ${last}`);
    promoted.push(sequence);
    for (const { request, rows } of round.parts) {
      const key = `${request.emitter}/${request.requestId}`;
      rowsForgotten.set(key, [...(rowsForgotten.get(key) ?? []), ...rows]);
    }
  }
  const pointer = await read<{ sequence?: number }>('serving.json');
  const servingSequence = pointer?.sequence ?? 0;
  if (servingSequence !== (promoted.at(-1) ?? 0)) {
    violations.push(`serves ${servingSequence}, last promoted is ${promoted.at(-1) ?? 0}`);
  }
  return { sequences, promoted, rowsForgotten, servingSequence, violations };
}

async function digestOf(store: ObjectStore, digest: string): Promise<string | undefined> {
  const object = await store.get(`blobs/${digest}`);
  return object && createHash('sha256').update(object.bytes).digest('hex');
}
