/** What is kept: logits, labels and rows of a set. */
export type CachedArray = Float32Array | Int32Array | Uint32Array;

/**
 * What models said about known samples, by (weights digest, set digest): the served and the
 * original model are asked once, not once per candidate.
 *
 * Memory is bounded in bytes; what was used longest ago goes first.
 */
export class ArrayCache {
  readonly #capacityBytes: number;
  readonly #entries = new Map<string, CachedArray>();
  #sizeBytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(key: string): CachedArray | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, values: CachedArray): void {
    this.#delete(key);
    this.#entries.set(key, values);
    this.#sizeBytes += values.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= this.#capacityBytes) break;
      this.#delete(oldest);
    }
  }

  /** Deletes what is under these keys. */
  forget(isStale: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) if (isStale(key)) this.#delete(key);
  }

  #delete(key: string): void {
    const found = this.#entries.get(key);
    if (found === undefined) return;
    this.#sizeBytes -= found.byteLength;
    this.#entries.delete(key);
  }
}
