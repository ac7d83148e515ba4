import { sha256 } from '@lethe/contracts';

/** Tells this from what other programs may write beside an offset, and from later layouts. */
const layout = 'out1:';
/** Bytes of SHA-256 that stand for a model, and for a manifest: 8 characters each. */
const bytesOfEach = 6;
const entryLength = 16;
/** What fits beside an offset: 4,096 bytes. */
const mostEntries = 255;

/**
 * The manifests of a partition whose outbox is on the bus, the last one of each model. Its text is
 * committed with the offset, in the transaction that carries the outbox: so who takes the partition
 * over knows whether those bytes went out, and sends none of them twice. Immutable.
 *
 * Of more than 255 models in a partition, the ones that sent least recently are left out: their
 * outbox might go out once more after a hand-over, and consumers drop it by id.
 */
export class SentOutboxes {
  static readonly none = new SentOutboxes(new Map());
  /** By model, the least recent first. */
  readonly #manifests: ReadonlyMap<string, string>;

  private constructor(manifests: ReadonlyMap<string, string>) {
    this.#manifests = manifests;
  }

  /** Anything else than a text of {@link toString} counts as empty. */
  static parse(mark: string): SentOutboxes {
    if (!/^out1:([\w-]{16})*$/.test(mark)) return SentOutboxes.none;
    const manifests = new Map<string, string>();
    for (let at = layout.length; at < mark.length; at += entryLength) {
      const half = at + entryLength / 2;
      manifests.set(mark.slice(at, half), mark.slice(half, at + entryLength));
    }
    return new SentOutboxes(manifests);
  }

  /** @param manifestDigest SHA-256 in hexadecimal */
  has(modelKey: string, manifestDigest: string): boolean {
    return this.#manifests.get(idOf(sha256(modelKey))) === idOf(manifestDigest);
  }

  with(modelKey: string, manifestDigest: string): SentOutboxes {
    const model = idOf(sha256(modelKey));
    const others = [...this.#manifests].filter(([each]) => each !== model);
    return new SentOutboxes(
      new Map([...others.slice(1 - mostEntries), [model, idOf(manifestDigest)]]),
    );
  }

  toString(): string {
    return `${layout}${[...this.#manifests].flat().join('')}`;
  }
}

function idOf(digest: string): string {
  return Buffer.from(digest, 'hex').subarray(0, bytesOfEach).toString('base64url');
}
