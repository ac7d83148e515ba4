/**
 * The record of all models: immutable objects written once, and one pointer per model.
 *
 * Invariants:
 * 1. A record under a key never changes: everybody who writes it learns whose bytes are there.
 * 2. A manifest is committed after its weights and state are stored.
 * 3. The serving pointer moves only from the version that was read.
 * 4. Every write may be repeated with the same record after `unavailable`.
 * 5. The pointer leaves a generation only after `moves/` holds it: the history has no gap.
 */
import {
  Decision,
  type Digest,
  decodeRecord,
  EvaluationExclusion,
  encodeRecord,
  type JsonCodec,
  LetheError,
  type ModelKey,
  ModelRegistration,
  RoundManifest,
  ServingPointer,
  sha256,
  Verdict,
} from '@lethe/contracts';
import {
  type BlobStore,
  type ETag,
  type ObjectStore,
  type PutOutcome,
  putOnce,
} from '@lethe/store';
import {
  decisionKey,
  exclusionKey,
  exclusionsPrefix,
  manifestKey,
  modelOfKey,
  modelPrefix,
  modelsPrefix,
  moveKey,
  policyKey,
  registrationKey,
  servingKey,
  verdictKey,
} from './keys.ts';

/** A stored record, and the SHA-256 of its stored bytes. */
export interface Recorded<T> {
  readonly record: T;
  readonly digest: Digest;
}

export interface Serving {
  readonly pointer: ServingPointer;
  /** Version to hand to `moveServing`. */
  readonly etag: ETag;
}

export type MoveOutcome =
  | { readonly kind: 'moved'; readonly etag: ETag }
  /** The pointer is not what was expected. Nothing was written. */
  | { readonly kind: 'conflict' };

export class LineageStore {
  readonly store: ObjectStore;
  readonly blobs: BlobStore;
  /** Rows of exclusions by key: they never change. */
  readonly #exclusions = new Map<string, readonly number[]>();

  constructor(store: ObjectStore, blobs: BlobStore) {
    this.store = store;
    this.blobs = blobs;
  }

  /**
   * Registers a model, once. The same registration again is a success.
   *
   * @throws LetheError `conflict` when the key is registered otherwise; `precondition` when a
   *   blob it names is not stored
   */
  async register(registration: ModelRegistration): Promise<Digest> {
    const { modelKey, topologyDigest, weightsDigest, trainingManifestDigest } = registration;
    const { evaluationIndexDigest } = registration;
    const key = registrationKey(modelKey);
    await this.#requireBlobs(key, {
      topologyDigest,
      weightsDigest,
      trainingManifestDigest,
      ...(evaluationIndexDigest === '' ? {} : { evaluationIndexDigest }),
    });
    const bytes = encodeRecord(ModelRegistration, registration);
    const outcome = await putOnce(this.store, key, bytes);
    if (outcome.kind === 'committed') return outcome.digest;
    throw new LetheError(
      'conflict',
      `model ${modelKey} is registered already, with other content. Choose another key`,
    );
  }

  async registration(modelKey: string): Promise<Recorded<ModelRegistration> | undefined> {
    return await this.#read(ModelRegistration, registrationKey(modelKey), { modelKey });
  }

  /** Keys of all registered models, ascending. */
  async models(): Promise<ModelKey[]> {
    const models: ModelKey[] = [];
    let after = '';
    for (;;) {
      const modelKey = await this.#firstModel(after);
      if (modelKey === undefined) return models.sort();
      if (await isThere(this.store, registrationKey(modelKey))) models.push(modelKey);
      // "~" comes after all that a key may hold: the rest of this model is skipped.
      after = `${modelPrefix(modelKey)}~`;
    }
  }

  /**
   * The commit point of a round.
   *
   * @throws LetheError `precondition` when the weights or the state of the round are not stored
   */
  async commitManifest(manifest: RoundManifest): Promise<PutOutcome> {
    const key = manifestKey(manifest.modelKey, manifest.sequence);
    if (manifest.entry?.$case === 'round') {
      const { weightsDigest, stateDigest } = manifest.entry.value;
      await this.#requireBlobs(key, { weightsDigest, stateDigest });
    }
    return await putOnce(this.store, key, encodeRecord(RoundManifest, manifest));
  }

  /**
   * Keeps a policy beside the verdicts that name it, so that their digest can be read back years
   * later. The same again changes nothing.
   *
   * @param policy its canonical JSON, whose SHA-256 is the digest in verdicts
   */
  async keepPolicy(modelKey: string, policy: string): Promise<void> {
    const key = policyKey(modelKey, sha256(policy));
    if (await isThere(this.store, key)) return;
    await this.store.put(key, Buffer.from(policy), { kind: 'if-absent' });
  }

  /**
   * A policy that `keepPolicy` kept, `undefined` where none was.
   *
   * @throws LetheError `corrupt` when its bytes have another digest
   */
  async policy(modelKey: string, policyDigest: string): Promise<string | undefined> {
    const key = policyKey(modelKey, policyDigest);
    const stored = await this.store.get(key);
    if (stored === undefined) return undefined;
    if (sha256(stored.bytes) === policyDigest) return Buffer.from(stored.bytes).toString('utf8');
    throw new LetheError('corrupt', `${key} is not the policy of its name`);
  }

  async putVerdict(verdict: Verdict): Promise<PutOutcome> {
    const key = verdictKey(verdict.modelKey, verdict.sequence);
    return await putOnce(this.store, key, encodeRecord(Verdict, verdict));
  }

  async putDecision(decision: Decision): Promise<PutOutcome> {
    const key = decisionKey(decision.modelKey, decision.sequence);
    return await putOnce(this.store, key, encodeRecord(Decision, decision));
  }

  async manifest(modelKey: string, sequence: number): Promise<Recorded<RoundManifest> | undefined> {
    const key = manifestKey(modelKey, sequence);
    return await this.#read(RoundManifest, key, { modelKey, sequence });
  }

  async verdict(modelKey: string, sequence: number): Promise<Recorded<Verdict> | undefined> {
    const key = verdictKey(modelKey, sequence);
    return await this.#read(Verdict, key, { modelKey, sequence });
  }

  async decision(modelKey: string, sequence: number): Promise<Recorded<Decision> | undefined> {
    const key = decisionKey(modelKey, sequence);
    return await this.#read(Decision, key, { modelKey, sequence });
  }

  /** Takes samples out of the evaluation sets for good; the same request again changes nothing. */
  async putExclusion(exclusion: EvaluationExclusion): Promise<void> {
    const key = exclusionKey(exclusion.modelKey, exclusion.requestDigest);
    await putOnce(this.store, key, encodeRecord(EvaluationExclusion, exclusion));
  }

  /** What requests took out so far: ascending rows of the model's evaluation index, each once. */
  async excludedRows(modelKey: string): Promise<Uint32Array> {
    const rows = new Set<number>();
    for await (const { key } of this.store.list(exclusionsPrefix(modelKey))) {
      for (const row of await this.#rowsExcludedBy(key, modelKey)) rows.add(row);
    }
    return Uint32Array.from(rows).sort();
  }

  /** What serves; `undefined` before the first pointer. */
  async serving(modelKey: string): Promise<Serving | undefined> {
    const key = servingKey(modelKey);
    const stored = await this.store.get(key);
    if (stored === undefined) return undefined;
    const pointer = decodeRecord(ServingPointer, stored.bytes, key);
    requireSame(key, pointer, { modelKey });
    return { pointer, etag: stored.etag };
  }

  /**
   * Moves the serving pointer by compare-and-set.
   *
   * @param expected version that `serving` gave; `undefined` for the first pointer
   */
  async moveServing(pointer: ServingPointer, expected: ETag | undefined): Promise<MoveOutcome> {
    const outcome = await this.#compareAndMove(pointer, expected);
    // Should this fail, the next move makes up for it.
    if (outcome.kind === 'moved') await this.#recordMove(pointer).catch(() => {});
    return outcome;
  }

  /** The pointer as it was at a generation. */
  async move(modelKey: string, generation: number): Promise<ServingPointer | undefined> {
    const key = moveKey(modelKey, generation);
    return (await this.#read(ServingPointer, key, { modelKey }))?.record;
  }

  async #recordMove(pointer: ServingPointer): Promise<void> {
    const key = moveKey(pointer.modelKey, pointer.generation);
    await putOnce(this.store, key, encodeRecord(ServingPointer, pointer));
  }

  /** Invariant 5. */
  async #requireHistory({ modelKey, generation }: ServingPointer): Promise<void> {
    if (generation <= 1 || (await this.move(modelKey, generation - 1)) !== undefined) return;
    const present = await this.serving(modelKey);
    if (present?.pointer.generation === generation - 1) await this.#recordMove(present.pointer);
  }

  async #compareAndMove(pointer: ServingPointer, expected: ETag | undefined): Promise<MoveOutcome> {
    await this.#requireHistory(pointer);
    const key = servingKey(pointer.modelKey);
    const bytes = encodeRecord(ServingPointer, pointer);
    let unknown: LetheError | undefined;
    try {
      const outcome = await this.store.put(
        key,
        bytes,
        expected === undefined ? { kind: 'if-absent' } : { kind: 'if-match', etag: expected },
      );
      if (outcome.kind === 'stored') return { kind: 'moved', etag: outcome.etag };
    } catch (thrown) {
      unknown = LetheError.from(thrown);
      if (unknown.code !== 'unavailable') throw unknown;
    }
    const present = await this.store.get(key);
    if (present !== undefined && sha256(present.bytes) === sha256(bytes)) {
      return { kind: 'moved', etag: present.etag };
    }
    if (unknown !== undefined && present?.etag === expected) throw unknown;
    return { kind: 'conflict' };
  }

  async #rowsExcludedBy(key: string, modelKey: string): Promise<readonly number[]> {
    const known = this.#exclusions.get(key);
    if (known !== undefined) return known;
    const found = await this.#read(EvaluationExclusion, key, { modelKey });
    if (found === undefined) {
      throw new LetheError('unavailable', `${key} was listed and cannot be read. Try again`);
    }
    this.#exclusions.set(key, found.record.rows);
    return found.record.rows;
  }

  async #read<T extends { modelKey: string; sequence?: number }>(
    codec: JsonCodec<T>,
    key: string,
    place: { modelKey: string; sequence?: number },
  ): Promise<Recorded<T> | undefined> {
    const stored = await this.store.get(key);
    if (stored === undefined) return undefined;
    const record = decodeRecord(codec, stored.bytes, key);
    requireSame(key, record, place);
    return { record, digest: sha256(stored.bytes) };
  }

  async #firstModel(after: string): Promise<ModelKey | undefined> {
    for await (const { key } of this.store.list(modelsPrefix, { after })) return modelOfKey(key);
    return undefined;
  }

  async #requireBlobs(key: string, digests: Record<string, string>): Promise<void> {
    for (const [field, digest] of Object.entries(digests)) {
      if (await this.blobs.has(digest as Digest)) continue;
      throw new LetheError(
        'precondition',
        `cannot write ${key}: its ${field} ${digest} is not stored. Put the blob first`,
      );
    }
  }
}

async function isThere(store: ObjectStore, key: string): Promise<boolean> {
  for await (const found of store.list(key)) return found.key === key;
  return false;
}

/** A record that was copied to another place is not what it says. */
function requireSame(
  key: string,
  record: { modelKey: string; sequence?: number },
  place: { modelKey: string; sequence?: number },
): void {
  const { modelKey, sequence = record.sequence } = place;
  if (record.modelKey === modelKey && record.sequence === sequence) return;
  throw new LetheError(
    'corrupt',
    `${key} says it is ${record.modelKey} ${record.sequence ?? ''}. Restore it from a backup`,
  );
}
