import { randomUUID } from 'node:crypto';
import { Client } from 'minio';
import type { TestS3 } from '../../../test/support/servers/available-servers.ts';
import type { MinioStoreOptions } from '../src/minio-store.ts';

/** Options of a store on a bucket of its own, which is not made yet. */
export function storeOptions(
  s3: TestS3,
  change: Partial<MinioStoreOptions> = {},
): MinioStoreOptions {
  const url = new URL(s3.url);
  const secrets = { accessKey: s3.accessKey, secretKey: s3.secretKey };
  return {
    host: url.hostname,
    port: Number(url.port),
    tls: url.protocol === 'https:',
    bucket: `lethe-${randomUUID()}`,
    prefix: '',
    secrets: () => secrets,
    ...change,
  };
}

/** The library itself, to look at buckets from outside and to set them up wrong. */
export function bareClient(s3: TestS3): Client {
  const url = new URL(s3.url);
  return new Client({
    endPoint: url.hostname,
    port: Number(url.port),
    useSSL: url.protocol === 'https:',
    accessKey: s3.accessKey,
    secretKey: s3.secretKey,
    region: 'us-east-1',
  });
}
