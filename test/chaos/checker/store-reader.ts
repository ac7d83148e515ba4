import type { Observer } from '../surroundings.ts';
import { sha256 } from './lineage-record.ts';

/** Objects that change; all others are written once. */
const pointers = /\/serving\.json$/;

/** Reads the record of every model; what is immutable is fetched once. */
export class StoreReader {
  readonly #observer: Observer;
  readonly #known = new Map<string, Uint8Array>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  async read(): Promise<{
    readonly objects: ReadonlyMap<string, Uint8Array>;
    /** Of the weights that serve: the digest of the bytes that are stored. */
    readonly blobs: ReadonlyMap<string, string>;
  }> {
    const objects = new Map<string, Uint8Array>();
    for (const key of await this.#observer.listObjects('models/')) {
      const bytes =
        this.#known.get(key) ?? (await this.#observer.readObject(key).catch(() => undefined));
      if (bytes === undefined) continue;
      if (!pointers.test(key)) this.#known.set(key, bytes);
      objects.set(key, bytes);
    }
    const blobs = new Map<string, string>();
    for (const [key, bytes] of objects) {
      if (!pointers.test(key)) continue;
      const { weightsDigest } = JSON.parse(new TextDecoder().decode(bytes));
      const blob = await this.#observer.readObject(`blobs/${weightsDigest}`);
      if (blob !== undefined) blobs.set(weightsDigest, sha256(blob));
    }
    return { objects, blobs };
  }
}
