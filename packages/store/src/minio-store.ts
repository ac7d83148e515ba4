/**
 * An object store on MinIO, or any server that speaks S3 and honours conditional writes.
 *
 * Invariants (docs/decisions/0035 has the reasoning):
 * 1. A write is one PUT, so its condition is the server's to decide, and whole or nothing.
 * 2. A conditional write is tried again only where nothing can have been written. In all other
 *    trouble its outcome is `unavailable`: unknown, read back. Everything else is idempotent.
 * 3. What is read is as long as the server said, or it is an error; the server checks the SHA-256
 *    of what it is sent.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { LetheError, sha256 } from '@lethe/contracts';
import { digestOfFile } from './file-digest.ts';
import { partsOfKey, splitPrefix } from './object-key.ts';
import type {
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  StoredObject,
  WriteCondition,
  WriteOutcome,
} from './object-store.ts';
import { MinioBucket, type MinioBucketOptions, type S3Secrets } from './s3/minio-bucket.ts';
import { collect, wholePieces } from './s3/read-whole.ts';
import type { S3Address } from './s3/s3-address.ts';
import type { ConditionHeaders, S3Body, S3Bucket, S3Page, S3Version } from './s3/s3-bucket.ts';
import { failureOf, isNotDone, isStarting, s3Error } from './s3/s3-error.ts';
import { withRetries } from './s3/with-retries.ts';
import { writeWholeFile } from './whole-file.ts';

export interface MinioStoreOptions extends S3Address {
  readonly secrets: MinioBucketOptions['secrets'];
  /** Default us-east-1, which MinIO takes for any. */
  readonly region?: string;
  /** How long the server may say nothing. Default 15 s. */
  readonly timeoutMs?: number;
  /** Requests under way at once; more wait their turn. Default 16. */
  readonly maxConnections?: number;
  /** How often what may be repeated is tried. Default 4. */
  readonly attempts?: number;
}

/** Largest object that one PUT may store (S3's own limit). */
const largestBytes = 5 * 2 ** 30;
/** So many times the attempts for a server that is starting: some three seconds by default. */
const startingFactor = 2;
/** Above it, a look first saves sending what would be refused. */
const worthALookBytes = 2 ** 20;

export type { S3Secrets };

export class MinioStore implements ObjectStore {
  readonly #bucket: S3Bucket;
  readonly #where: string;
  readonly #prefix: string;
  readonly #attempts: number;
  readonly #closing = new AbortController();

  /** Connects with the first request. */
  constructor(options: MinioStoreOptions) {
    const { host, port, tls, prefix, attempts = 4 } = options;
    this.#where = `bucket ${options.bucket} at ${tls ? 'https' : 'http'}://${host}:${port}`;
    this.#prefix = prefix;
    this.#attempts = attempts;
    this.#bucket = new MinioBucket({
      region: 'us-east-1',
      timeoutMs: 15_000,
      maxConnections: 16,
      ...options,
      signal: this.#closing.signal,
    });
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return await this.#idempotent(`read ${key} from`, async () => {
      const found = await absentIfMissing(this.#bucket.get(this.#name(key)));
      return found && { bytes: await collect(found), etag: found.etag };
    });
  }

  async download(key: string, file: string): Promise<boolean> {
    return await this.#idempotent(`read ${key} from`, async () => {
      const found = await absentIfMissing(this.#bucket.get(this.#name(key)));
      if (found === undefined) return false;
      await writeWholeFile(file, wholePieces(found));
      return true;
    });
  }

  async put(key: string, body: ObjectBody, condition?: WriteCondition): Promise<WriteOutcome> {
    const name = this.#name(key);
    const action = `store ${key} in`;
    const content = body instanceof Uint8Array ? bodyOfBytes(body) : await bodyOfFile(body.file);
    if (condition !== undefined && content.sizeBytes > worthALookBytes) {
      const present = await this.#idempotent(action, () =>
        absentIfMissing(this.#bucket.head(name)),
      );
      if (!holds(condition, present)) return { kind: 'refused' };
    }
    const send = async (): Promise<WriteOutcome> => {
      const etag = await undefinedIfRefused(
        this.#bucket.put(name, content, headersOf(condition)),
        condition,
      );
      return etag === undefined ? { kind: 'refused' } : { kind: 'stored', etag };
    };
    return condition === undefined
      ? await this.#idempotent(action, send)
      : await this.#attempt(action, send, (thrown) => isNotDone(failureOf(thrown)));
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncGenerator<ObjectInfo> {
    splitPrefix(prefix);
    const { after = '' } = options;
    const isBelow = after.startsWith(prefix);
    if (!isBelow && after > prefix) return;
    // MinIO takes no marker that does not begin with the prefix; one before it says nothing.
    let last = isBelow && after !== '' ? this.#prefix + after : '';
    for (let isLast = false; !isLast; ) {
      const page = await this.#idempotent('list the', () =>
        this.#bucket.list(this.#prefix + prefix, last),
      );
      for (const { name, ...info } of page.entries) {
        last = name;
        yield { key: name.slice(this.#prefix.length), ...info };
      }
      isLast = page.isLast || page.entries.length === 0;
    }
  }

  async deleteAllVersions(key: string): Promise<number> {
    const name = this.#name(key);
    let deleted = 0;
    for (let page: S3Page<S3Version>; ; ) {
      page = await this.#idempotent(`list versions of ${key} in`, () =>
        this.#bucket.versions(name),
      );
      for (const { versionId, isDeleteMarker } of page.entries) {
        await this.#idempotent(`delete ${key} from`, () =>
          absentIfMissing(this.#bucket.deleteVersion(name, versionId)),
        );
        if (!isDeleteMarker) deleted++;
      }
      if (page.isLast) return deleted;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#bucket[Symbol.dispose]();
  }

  #name(key: string): string {
    partsOfKey(key);
    return this.#prefix + key;
  }

  async #idempotent<T>(action: string, work: () => Promise<T>): Promise<T> {
    return await this.#attempt(
      action,
      work,
      (thrown) => this.#translate(thrown, action).code === 'unavailable',
    );
  }

  async #attempt<T>(
    action: string,
    work: () => Promise<T>,
    isWorthwhile: (thrown: unknown) => boolean,
  ): Promise<T> {
    const { signal } = this.#closing;
    if (signal.aborted) throw new LetheError('unavailable', `${this.#where} is closed here`);
    try {
      const attempts = (thrown: unknown) => {
        if (isStarting(failureOf(thrown))) return startingFactor * this.#attempts;
        return isWorthwhile(thrown) ? this.#attempts : 1;
      };
      return await withRetries(work, { attempts, signal });
    } catch (thrown) {
      throw this.#translate(thrown, action);
    }
  }

  #translate(thrown: unknown, action: string): LetheError {
    if (thrown instanceof LetheError) return thrown;
    return s3Error(failureOf(thrown), this.#where, action);
  }
}

function bodyOfBytes(bytes: Uint8Array): S3Body {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { sizeBytes: buffer.length, sha256: sha256(bytes), open: () => buffer };
}

async function bodyOfFile(file: string): Promise<S3Body> {
  try {
    const { size } = await stat(file);
    if (size > largestBytes) {
      const remedy = 'Store it in several objects, or in a folder store';
      const message = `${file} has ${size} bytes; an object store takes ${largestBytes} at once. ${remedy}`;
      throw new LetheError('capacity', message);
    }
    return {
      sizeBytes: size,
      sha256: await digestOfFile(file),
      open: () => (size === 0 ? Buffer.alloc(0) : createReadStream(file, { end: size - 1 })),
    };
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    const message = `cannot read ${file} to store it. Check path and access`;
    throw new LetheError('not_found', message, { cause });
  }
}

function headersOf(condition: WriteCondition | undefined): ConditionHeaders {
  switch (condition?.kind) {
    case undefined:
      return {};
    case 'if-absent':
      return { 'if-none-match': '*' };
    case 'if-match':
      return { 'if-match': `"${condition.etag}"` };
    default:
      return condition satisfies never;
  }
}

function holds(condition: WriteCondition, present: string | undefined): boolean {
  return condition.kind === 'if-absent' ? present === undefined : present === condition.etag;
}

const missingCodes = ['NoSuchKey', 'NoSuchVersion', 'NotFound'];

async function absentIfMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (missingCodes.includes(failureOf(thrown).code)) return undefined;
    throw thrown;
  }
}

/** An `if-match` on a missing key is answered by NoSuchKey. */
async function undefinedIfRefused<T>(
  answer: Promise<T>,
  condition: WriteCondition | undefined,
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    const { code } = failureOf(thrown);
    const isRefusal =
      code === 'PreconditionFailed' ||
      (condition?.kind === 'if-match' && missingCodes.includes(code));
    if (condition !== undefined && isRefusal) return undefined;
    throw thrown;
  }
}
