/**
 * A bucket through minio-js 8: the one file that knows it.
 *
 * - Every write is one PUT, up to S3's 5 GiB, streamed: conditions hold for it, and its SHA-256 goes
 *   with it, so that the server refuses what arrived damaged. The library's own `putObject` reads
 *   bodies into memory, and sends big ones in parts, for which it knows no condition and resumes
 *   unfinished uploads of others (docs/decisions/0035).
 * - Keys are read anew when their files change; a client is cheap, its connections are shared.
 */
import type http from 'node:http';
import type { Client } from 'minio';
import type {
  BucketSettings,
  ConditionHeaders,
  S3Body,
  S3Bucket,
  S3Entry,
  S3Object,
  S3Page,
  S3Version,
} from './s3-bucket.ts';
import { failureOf } from './s3-error.ts';
import { createTransport, type S3Transport } from './s3-transport.ts';

/** What is secret, or belongs to it. */
export interface S3Secrets {
  readonly accessKey: string;
  readonly secretKey: string;
  /** PEM of the authorities that sign the server's certificate; default: the system's. */
  readonly ca?: string | undefined;
}

export interface MinioBucketOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly bucket: string;
  readonly region: string;
  /** Asked before every request; gives the same object as long as nothing has changed. */
  readonly secrets: () => S3Secrets | Promise<S3Secrets>;
  readonly maxConnections: number;
  readonly timeoutMs: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

interface Session {
  readonly secrets: S3Secrets;
  readonly client: Client;
  readonly transport: S3Transport & Disposable;
}

const pageSize = 1000;

export class MinioBucket implements S3Bucket {
  readonly #options: MinioBucketOptions;
  #session: Session | undefined;

  constructor(options: MinioBucketOptions) {
    this.#options = options;
  }

  async get(name: string): Promise<S3Object> {
    const body = await this.#send({ method: 'GET', objectName: name });
    return { body, sizeBytes: Number(body.headers['content-length']), etag: tagOf(body) };
  }

  async head(name: string): Promise<string> {
    const { client } = await this.#open();
    return (await client.statObject(this.#options.bucket, name)).etag;
  }

  async put(name: string, body: S3Body, conditions: ConditionHeaders): Promise<string> {
    const { client } = await this.#open();
    const { bucket, region, tls } = this.#options;
    const headers = {
      ...conditions,
      'content-length': String(body.sizeBytes),
      'content-type': name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      'x-amz-checksum-sha256': Buffer.from(body.sha256, 'hex').toString('base64'),
    };
    const response = await client.makeRequestStreamAsync(
      { method: 'PUT', bucketName: bucket, objectName: name, headers },
      body.open(),
      // Over TLS the library signs the head of a request only.
      tls ? '' : body.sha256,
      [200],
      region,
    );
    await drained(response);
    return tagOf(response);
  }

  async list(prefix: string, after: string): Promise<S3Page<S3Entry>> {
    const { client } = await this.#open();
    const { objects, isTruncated } = await client.listObjectsQuery(
      this.#options.bucket,
      prefix,
      after,
      { Delimiter: '', MaxKeys: pageSize },
    );
    return {
      entries: objects.map(({ name = '', etag = '', size = 0, lastModified }) => ({
        name,
        etag,
        sizeBytes: size,
        modifiedMs: lastModified?.getTime() ?? 0,
      })),
      isLast: isTruncated !== true,
    };
  }

  async versions(name: string): Promise<S3Page<S3Version>> {
    const { client } = await this.#open();
    const { objects, isTruncated } = await client.listObjectsQuery(this.#options.bucket, name, '', {
      Delimiter: '/',
      MaxKeys: pageSize,
      IncludeVersion: true,
    });
    // Longer names come after all versions of this one.
    const found = objects as readonly (Partial<S3Version> & { readonly name?: string })[];
    const own = found.filter((entry) => entry.name === name);
    return {
      entries: own.map(({ versionId = 'null', isDeleteMarker = false }) => ({
        versionId,
        isDeleteMarker,
      })),
      isLast: isTruncated !== true || own.length < found.length,
    };
  }

  async deleteVersion(name: string, versionId: string): Promise<void> {
    const { client } = await this.#open();
    await client.removeObject(this.#options.bucket, name, { versionId });
  }

  async exists(): Promise<boolean> {
    const { client } = await this.#open();
    return await client.bucketExists(this.#options.bucket);
  }

  async create(): Promise<void> {
    const { client } = await this.#open();
    await client.makeBucket(this.#options.bucket, this.#options.region);
  }

  async settings(): Promise<BucketSettings> {
    const { client } = await this.#open();
    const { bucket } = this.#options;
    const versioning: unknown = await client.getBucketVersioning(bucket);
    const { Status: status } = (versioning ?? {}) as { Status?: string };
    return {
      versioning: status === 'Enabled' ? 'enabled' : status === 'Suspended' ? 'suspended' : 'off',
      defaultRetention: await retentionOf(client, bucket),
    };
  }

  [Symbol.dispose](): void {
    this.#session?.transport[Symbol.dispose]();
  }

  async #send(request: { method: string; objectName: string }): Promise<http.IncomingMessage> {
    const { client } = await this.#open();
    return await client.makeRequestAsync({ ...request, bucketName: this.#options.bucket });
  }

  async #open(): Promise<Session> {
    // Loaded by the first request: who keeps objects in a folder does without its 25 MB.
    const minio = await import('minio');
    const secrets = await this.#options.secrets();
    const former = this.#session;
    if (former?.secrets === secrets) return former;
    const keepsConnections = former !== undefined && former.secrets.ca === secrets.ca;
    if (!keepsConnections) former?.transport[Symbol.dispose]();
    const { host, port, tls, region } = this.#options;
    const transport = keepsConnections
      ? former.transport
      : createTransport({ ...this.#options, ca: secrets.ca });
    const client = new minio.Client({
      endPoint: host,
      port,
      useSSL: tls,
      region,
      accessKey: secrets.accessKey,
      secretKey: secrets.secretKey,
      transport,
      retryOptions: { disableRetry: true },
    });
    this.#session = { secrets, client, transport };
    return this.#session;
  }
}

async function retentionOf(client: Client, bucket: string): Promise<string> {
  try {
    const lock: unknown = await client.getObjectLockConfig(bucket);
    const { mode, validity, unit } = (lock ?? {}) as Record<string, string | number | undefined>;
    return mode === undefined ? '' : [mode, validity, unit].join(' ');
  } catch (thrown) {
    if (failureOf(thrown).code === 'ObjectLockConfigurationNotFoundError') return '';
    throw thrown;
  }
}

async function drained(response: http.IncomingMessage): Promise<void> {
  for await (const _ of response);
}

function tagOf(response: http.IncomingMessage): string {
  return (response.headers.etag ?? '').replaceAll('"', '');
}
