import { createHash } from 'node:crypto';

/** The objects of one model as they lie in the store: JSON, absent where the value is a default. */
export interface LineageRecord {
  readonly modelKey: string;
  readonly registration: { readonly weightsDigest: string };
  readonly entries: readonly Entry[];
  readonly serving: Serving | undefined;
}

export interface Entry {
  readonly sequence: number;
  readonly manifest: Manifest;
  readonly manifestDigest: string;
  readonly verdict: Stored<Verdict> | undefined;
  readonly decision: Stored<Decision> | undefined;
}

export interface Stored<T> {
  readonly record: T;
  readonly digest: string;
}

export interface Part {
  readonly request: { readonly emitter: string; readonly requestId: string };
  readonly rows?: readonly number[];
  readonly last?: boolean;
}

export interface Manifest {
  readonly modelKey: string;
  readonly sequence: number;
  readonly round?: {
    readonly parentSequence?: number;
    readonly parentWeightsDigest: string;
    readonly weightsDigest: string;
    readonly parts: readonly Part[];
  };
  readonly escalation?: { readonly parentSequence?: number; readonly parts: readonly Part[] };
  readonly duplicates?: {
    readonly parentSequence?: number;
    readonly requests: readonly {
      readonly request: Part['request'];
      readonly followsRequestId: string;
    }[];
  };
}

export interface Verdict {
  readonly manifestDigest: string;
  readonly weightsDigest: string;
  readonly servedSequence?: number;
  readonly outcome: string;
}

export interface Decision {
  readonly manifestDigest: string;
  readonly verdictDigest: string;
  readonly promoted?: boolean;
}

export interface Serving {
  readonly generation: number;
  readonly sequence?: number;
  readonly weightsDigest: string;
  readonly manifestDigest?: string;
  readonly verdictDigest?: string;
}

/** Every model that the objects tell of; a sequence without a manifest ends a model's log. */
export function readLineages(objects: ReadonlyMap<string, Uint8Array>): LineageRecord[] {
  const keys = [...objects.keys()].flatMap((key) => {
    const modelKey = /^models\/([^/]+)\/registration\.json$/.exec(key)?.[1];
    return modelKey === undefined ? [] : [modelKey];
  });
  return keys.sort().map((modelKey) => readLineage(modelKey, objects));
}

function readLineage(modelKey: string, objects: ReadonlyMap<string, Uint8Array>): LineageRecord {
  const read = <T>(name: string): Stored<T> | undefined => {
    const bytes = objects.get(`models/${modelKey}/${name}`);
    return bytes && { record: JSON.parse(new TextDecoder().decode(bytes)), digest: sha256(bytes) };
  };
  const entries: Entry[] = [];
  for (let sequence = 1; ; sequence++) {
    const name = `${String(sequence).padStart(10, '0')}.json`;
    const manifest = read<Manifest>(`manifests/${name}`);
    if (manifest === undefined) break;
    entries.push({
      sequence,
      manifest: manifest.record,
      manifestDigest: manifest.digest,
      verdict: read<Verdict>(`verdicts/${name}`),
      decision: read<Decision>(`decisions/${name}`),
    });
  }
  return {
    modelKey,
    registration: read<LineageRecord['registration']>('registration.json')!.record,
    entries,
    serving: read<Serving>('serving.json')?.record,
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
