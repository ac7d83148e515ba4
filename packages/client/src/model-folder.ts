/**
 * Snapshots of a served model on the local disk.
 *
 * Invariants:
 * 1. A snapshot has its name when it is whole, on the disk, and its digests were verified: never
 *    half a model, also after a power cut.
 * 2. `current.json` names the last good one and changes by rename, before the former one is deleted.
 * 3. Superseded snapshots are deleted: their weights still remember. Nowhere else is a copy.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Digest,
  decodeRecord,
  LetheError,
  layersModelJson,
  ModelRegistration,
  type Preprocessing,
  ServingPointer,
  type StoredTopology,
} from '@lethe/contracts';
import { registrationKey } from '@lethe/lineage';
import { type BlobStore, digestOfFile, type ObjectStore, syncFolder } from '@lethe/store';

/** A model as it can be loaded: a tfjs LayersModel folder, and what it is. */
export interface Snapshot {
  readonly pointer: ServingPointer;
  /** Holds model.json and weights.bin. */
  readonly folder: string;
}

/** Where the version before kept second copies. */
const formerCache = 'blobs';

export class ModelFolder {
  readonly #folder: string;
  readonly #store: ObjectStore;
  readonly #blobs: BlobStore;

  constructor(folder: string, store: ObjectStore, blobs: BlobStore) {
    this.#store = store;
    this.#folder = folder;
    this.#blobs = blobs;
  }

  /** The last good snapshot of a former life, its files verified anew; nothing when there is none. */
  async lastGood(): Promise<Snapshot | undefined> {
    try {
      const text = await readFile(join(this.#folder, 'current.json'), 'utf8');
      const { modelJsonSha256, ...noted } = JSON.parse(text) as Record<string, unknown>;
      const pointer = ServingPointer.fromJSON(noted);
      const folder = this.#pathOf(pointer);
      const weights = await digestOfFile(join(folder, 'weights.bin'));
      const model = await digestOfFile(join(folder, 'model.json'));
      // What was written before there was this note has none.
      const isGood = modelJsonSha256 === undefined || model === modelJsonSha256;
      return isGood && weights === pointer.weightsDigest ? { pointer, folder } : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws LetheError `not_found`, `corrupt`, `unavailable`: nothing has changed then */
  async fetch(pointer: ServingPointer): Promise<Snapshot> {
    const folder = this.#pathOf(pointer);
    const part = join(this.#folder, `.part-${randomUUID()}`);
    try {
      await mkdir(part, { recursive: true });
      const topology = await this.#blobs.get(pointer.topologyDigest as Digest);
      const weights = join(part, 'weights.bin');
      await this.#blobs.download(pointer.weightsDigest as Digest, weights);
      await syncFile(weights);
      await writeFile(
        join(part, 'model.json'),
        modelJson(topology, await this.#preprocessing(pointer.modelKey)),
        { flush: true },
      );
      await syncFolder(part);
      await rm(folder, { recursive: true, force: true });
      await rename(part, folder);
      await syncFolder(this.#folder);
      return { pointer, folder };
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  }

  /** Makes a snapshot the last good one, and deletes the others. */
  async keepOnly({ pointer, folder }: Snapshot): Promise<void> {
    const file = join(this.#folder, 'current.json');
    const modelJsonSha256 = await digestOfFile(join(folder, 'model.json'));
    const noted = { ...(ServingPointer.toJSON(pointer) as object), modelJsonSha256 };
    await writeFile(`${file}.new`, JSON.stringify(noted), { flush: true });
    await rename(`${file}.new`, file);
    await syncFolder(this.#folder);
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const isSnapshot = name.startsWith('generation-') || name.startsWith('.part-');
      if ((isSnapshot && path !== folder) || name === formerCache)
        await rm(path, { recursive: true, force: true });
    }
  }

  async #preprocessing(modelKey: string): Promise<Preprocessing | undefined> {
    const key = registrationKey(modelKey);
    const stored = await this.#store.get(key);
    return stored && decodeRecord(ModelRegistration, stored.bytes, key).preprocessing;
  }

  #pathOf({ generation, weightsDigest }: ServingPointer): string {
    return join(this.#folder, `generation-${generation}-${weightsDigest.slice(0, 16)}`);
  }
}

/** The bytes of a file are on the disk when the promise resolves. */
async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function modelJson(topologyBytes: Uint8Array, preprocessing: Preprocessing | undefined): string {
  let topology: StoredTopology;
  try {
    topology = JSON.parse(Buffer.from(topologyBytes).toString('utf8')) as StoredTopology;
  } catch (cause) {
    throw new LetheError('corrupt', 'the topology of the model is not JSON', { cause });
  }
  return layersModelJson(topology, preprocessing);
}
