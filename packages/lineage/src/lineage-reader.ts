import { type Digest, LetheError, type ModelRegistration } from '@lethe/contracts';
import { corruptEntry } from './corrupt-entry.ts';
import { LineageFold } from './fold.ts';
import { logPrefix, sequenceOfKey } from './keys.ts';
import type { LineageStore, Recorded } from './lineage-store.ts';
import type { ModelState } from './model-state.ts';

/** A model's registration and its state, kept current by `refresh`. */
export interface Lineage {
  readonly registration: ModelRegistration;
  readonly registrationDigest: Digest;
  /** A live view: `refresh` advances it in place. */
  readonly state: ModelState;
  /**
   * Reads what is new, and only that. `true` when there was something.
   *
   * @throws LetheError `corrupt` naming the sequence
   */
  refresh(): Promise<boolean>;
}

/** Records that are read at the same time when a log is read from the start. */
const window = 16;

/**
 * Reads a model's whole log.
 *
 * @throws LetheError `not_found` for a model that is not registered; `corrupt` naming the sequence
 */
export async function openLineage(store: LineageStore, modelKey: string): Promise<Lineage> {
  const registered = await store.registration(modelKey);
  if (registered === undefined) {
    const remedy = 'See `lethe models` for those that are, or import it with `lethe import`';
    throw new LetheError('not_found', `there is no model ${modelKey}. ${remedy}`);
  }
  const reader = new LineageReader(store, registered);
  await reader.load();
  return reader;
}

class LineageReader implements Lineage {
  readonly registration: ModelRegistration;
  readonly registrationDigest: Digest;
  readonly #store: LineageStore;
  readonly #fold: LineageFold;
  /** Refreshes come one after another: each applies a record once. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: LineageStore, { record, digest }: Recorded<ModelRegistration>) {
    this.registration = record;
    this.registrationDigest = digest;
    this.#store = store;
    this.#fold = new LineageFold(record);
  }

  get state(): ModelState {
    return this.#fold;
  }

  /**
   * Reads the entries that a listing shows without gap, then what came meanwhile: a listing is
   * no snapshot, so an entry may be missing from it that is older than one it has.
   */
  async load(): Promise<void> {
    const listed = await this.#listed();
    const gap = listed.findIndex((sequence, index) => sequence !== index + 1);
    const certain = gap === -1 ? listed : listed.slice(0, gap);
    for (let start = 0; start < certain.length; start += window) {
      const entries = await Promise.all(
        certain.slice(start, start + window).map((sequence) => this.#read(sequence)),
      );
      for (const { manifest, decision } of entries) {
        this.#fold.applyManifest(manifest.record, manifest.digest);
        if (decision !== undefined) this.#fold.applyDecision(decision.record);
      }
    }
    await this.refresh();
    const last = listed.at(-1) ?? 0;
    if (last >= this.#fold.nextSequence) throw this.#missing(this.#fold.nextSequence);
  }

  refresh(): Promise<boolean> {
    const turn = this.#last.then(() => this.#readNew());
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Only the next record can be new, then the one after it: no listing is needed. */
  async #readNew(): Promise<boolean> {
    const { modelKey } = this.#fold;
    for (let found = false; ; found = true) {
      const { inFlight, nextSequence } = this.#fold;
      if (inFlight !== undefined) {
        const decision = await this.#store.decision(modelKey, inFlight.sequence);
        if (decision === undefined) return found;
        this.#fold.applyDecision(decision.record);
      } else {
        const manifest = await this.#store.manifest(modelKey, nextSequence);
        if (manifest === undefined) return found;
        this.#fold.applyManifest(manifest.record, manifest.digest);
      }
    }
  }

  async #read(sequence: number) {
    const { modelKey } = this.#fold;
    const [manifest, decision] = await Promise.all([
      this.#store.manifest(modelKey, sequence),
      this.#store.decision(modelKey, sequence),
    ]);
    if (manifest === undefined) throw this.#missing(sequence);
    return { manifest, decision };
  }

  async #listed(): Promise<number[]> {
    const sequences: number[] = [];
    const prefix = logPrefix(this.#fold.modelKey, 'manifests');
    for await (const { key } of this.#store.store.list(prefix)) {
      const sequence = sequenceOfKey(key);
      if (sequence !== undefined) sequences.push(sequence);
    }
    return sequences;
  }

  #missing(sequence: number): LetheError {
    return corruptEntry(this.#fold.modelKey, sequence, 'is missing, though later ones are there');
  }
}
