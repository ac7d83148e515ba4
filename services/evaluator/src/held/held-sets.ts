/**
 * Samples of promoted rounds, kept by the evaluator alone so that it can tell whether they come
 * back, until the request that named them is due.
 *
 * Invariants:
 * 1. At rest they are sealed; without a key nothing is held.
 * 2. Nothing is held past the earliest deadline of its requests, and nothing of a refused round.
 * 3. Every deletion is logged, and leaves a note in the record that names no sample.
 */
import { canonicalBytes, LetheError } from '@lethe/contracts';
import { modelPrefix } from '@lethe/lineage';
import type { Clock, Log } from '@lethe/service-kit';
import type { ObjectStore } from '@lethe/store';
import { type HeldKey, seal, unseal } from './seal.ts';

/** The forget set of one round. */
export interface HeldSet {
  readonly sequence: number;
  /** Row-major [n, ...shape]. */
  readonly values: Float32Array;
  /** [n] labels in the training manifest. */
  readonly labels: Int32Array;
}

export interface HeldPlace {
  readonly modelKey: string;
  readonly sequence: number;
  readonly sampleCount: number;
  readonly expires: Date;
  readonly key: string;
}

export interface HeldSetsDeps {
  readonly store: ObjectStore;
  readonly key: HeldKey | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class HeldSets {
  readonly #deps: HeldSetsDeps;

  constructor(deps: HeldSetsDeps) {
    this.#deps = deps;
  }

  get enabled(): boolean {
    return this.#deps.key !== undefined;
  }

  /** Holds a set until `expires`; what is held already stays as it is. */
  async hold(modelKey: string, set: HeldSet, expires: Date): Promise<void> {
    const { store, key, clock } = this.#deps;
    if (key === undefined || expires <= clock.now()) return;
    const place = heldKey(modelKey, set.sequence, set.labels.length, expires);
    const sealed = seal(key, encode(set), place);
    await store.put(place, sealed, { kind: 'if-absent' });
  }

  /** What is held of a model and not expired, oldest round first. */
  async list(modelKey: string): Promise<readonly HeldPlace[]> {
    const now = this.#deps.clock.now();
    const found: HeldPlace[] = [];
    for await (const { key } of this.#deps.store.list(heldPrefix(modelKey))) {
      const place = parseHeldKey(modelKey, key);
      if (place !== undefined && place.expires > now) found.push(place);
    }
    return found.sort((a, b) => a.sequence - b.sequence);
  }

  /** @throws LetheError `precondition` for another key */
  async read(place: HeldPlace): Promise<HeldSet | undefined> {
    const { store, key } = this.#deps;
    if (key === undefined) return undefined;
    const stored = await store.get(place.key);
    if (stored === undefined) return undefined;
    return decode(place.sequence, unseal(key, stored.bytes, place.key));
  }

  /**
   * Deletes what has expired, and what rounds held that were refused.
   *
   * @param refused whether a round is known to have been refused
   * @returns how many sets were deleted
   */
  async sweep(modelKey: string, refused: (sequence: number) => Promise<boolean>): Promise<number> {
    const now = this.#deps.clock.now();
    let deleted = 0;
    for await (const { key } of this.#deps.store.list(heldPrefix(modelKey))) {
      const place = parseHeldKey(modelKey, key);
      if (place === undefined) continue;
      const reason =
        place.expires <= now
          ? 'expired'
          : (await refused(place.sequence))
            ? 'round_refused'
            : undefined;
      if (reason === undefined) continue;
      await this.#delete(place, reason, now);
      deleted += 1;
    }
    return deleted;
  }

  async #delete(place: HeldPlace, reason: string, now: Date): Promise<void> {
    const { store, log } = this.#deps;
    const { modelKey, sequence, sampleCount } = place;
    await store.deleteAllVersions(place.key);
    const note = { modelKey, sequence, sampleCount, reason, deletedTime: now.toISOString() };
    await store.put(deletedKey(modelKey, sequence), canonicalBytes(note), { kind: 'if-absent' });
    log.info('a held forget set was deleted', { model: modelKey, sequence, sampleCount, reason });
  }
}

function heldPrefix(modelKey: string): string {
  return `${modelPrefix(modelKey)}held/`;
}

function deletedKey(modelKey: string, sequence: number): string {
  return `${modelPrefix(modelKey)}held-deleted/${digits(sequence)}.json`;
}

/** Sequence, samples and expiry stand in the key: it is known what to delete without opening it. */
function heldKey(modelKey: string, sequence: number, count: number, expires: Date): string {
  return `${heldPrefix(modelKey)}${digits(sequence)}-${count}-${Math.floor(expires.getTime() / 1000)}.sealed`;
}

function parseHeldKey(modelKey: string, key: string): HeldPlace | undefined {
  const parts = /\/([0-9]{10})-([0-9]+)-([0-9]+)\.sealed$/.exec(key);
  if (parts === null) return undefined;
  const [, sequence, count, seconds] = parts.map(Number) as [number, number, number, number];
  return {
    modelKey,
    sequence,
    sampleCount: count,
    expires: new Date(1000 * seconds),
    key,
  };
}

function digits(sequence: number): string {
  return String(sequence).padStart(10, '0');
}

/** Little-endian: number of samples, labels, values. */
function encode({ labels, values }: HeldSet): Uint8Array {
  const bytes = new Uint8Array(4 * (1 + labels.length + values.length));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, labels.length, true);
  labels.forEach((label, i) => {
    view.setInt32(4 * (1 + i), label, true);
  });
  values.forEach((value, i) => {
    view.setFloat32(4 * (1 + labels.length + i), value, true);
  });
  return bytes;
}

function decode(sequence: number, bytes: Uint8Array): HeldSet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const n = view.getInt32(0, true);
  const valueCount = bytes.length / 4 - 1 - n;
  if (n < 0 || !Number.isInteger(valueCount) || valueCount < 0) {
    throw new LetheError('corrupt', `what is held of round ${sequence} is no forget set`);
  }
  return {
    sequence,
    labels: Int32Array.from({ length: n }, (_, i) => view.getInt32(4 * (1 + i), true)),
    values: Float32Array.from({ length: valueCount }, (_, i) =>
      view.getFloat32(4 * (1 + n + i), true),
    ),
  };
}
