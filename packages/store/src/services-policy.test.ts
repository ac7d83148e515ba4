import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { createKey } from '../../../test/support/servers/minio-key.ts';
import { MinioServer } from '../../../test/support/servers/minio-server.ts';
import { bareClient, storeOptions } from '../test/real-s3.ts';
import { BlobStore } from './blob-store.ts';
import { bytesOf, keysOf, textAt } from './contract/fixture.ts';
import { MinioStore, type MinioStoreOptions } from './minio-store.ts';
import { requireConformance } from './probe-object-store.ts';
import { applyBucket } from './s3/apply-bucket.ts';
import { failureOf } from './s3/s3-error.ts';

/** As it is handed out: deploy/minio/services-policy.json, for a bucket that is named lethe. */
const policy: unknown = JSON.parse(
  readFileSync(new URL('../../../deploy/minio/services-policy.json', import.meta.url), 'utf8'),
);

const denied = { code: 'precondition', message: expect.stringContaining('denies access') };

describe.skipIf(!isInstalled('minio'))('the least that services need of a MinIO', () => {
  let minio: MinioServer;
  let options: MinioStoreOptions;
  let key: { readonly accessKey: string; readonly secretKey: string };
  let store: MinioStore;
  beforeAll(async () => {
    minio = await MinioServer.start();
    const root = storeOptions(minio, { bucket: 'lethe' });
    await applyBucket(root);
    key = await createKey(minio, policy);
    const keys = key;
    options = { ...root, secrets: () => keys };
    store = new MinioStore(options);
  });
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await minio?.[Symbol.asyncDispose]();
  });

  test('is enough for the probe at the start, for blobs, records and the serving pointer', async () => {
    await requireConformance(store);
    const blobs = new BlobStore(store);
    const digest = await blobs.put(bytesOf('weights'));
    expect(await blobs.get(digest)).toEqual(Buffer.from('weights'));
    expect(await blobs.delete(digest)).toBe(1);
    const created = await store.put('models/m/serving.json', bytesOf('1'), { kind: 'if-absent' });
    const etag = created.kind === 'stored' ? created.etag : '';
    expect(
      await store.put('models/m/serving.json', bytesOf('2'), { kind: 'if-match', etag }),
    ).toMatchObject({ kind: 'stored' });
    await store.put('audit/segments/0.jsonl', bytesOf('entry'), { kind: 'if-absent' });
    expect(await store.deleteAllVersions('audit/segments/0.jsonl')).toBe(1);
    await store.put('requests/extensions/shop/1.json', bytesOf('{}'), { kind: 'if-absent' });
    await store.put('callbacks/pending/1.json', bytesOf('{}'));
    expect(await store.deleteAllVersions('callbacks/pending/1.json')).toBe(1);
    expect(await keysOf(store, 'models/')).toContain('models/m/serving.json');
  });

  test('deletes no record of a model and no pack of the audit log', async () => {
    for (const name of ['models/m/manifests/0000000001.json', 'audit/packs/0.jsonl']) {
      await store.put(name, bytesOf('for good'), { kind: 'if-absent' });
      await expect(store.deleteAllVersions(name)).rejects.toMatchObject(denied);
      expect(await textAt(store, name)).toBe('for good');
    }
  });

  test('writes nowhere else in the bucket, and reaches no other', async () => {
    await expect(store.put('elsewhere', bytesOf('x'))).rejects.toMatchObject(denied);
    const other = storeOptions(minio, { bucket: 'another' });
    await applyBucket(other);
    await using there = new MinioStore({ ...options, bucket: 'another' });
    await expect(there.get('blobs/x')).rejects.toMatchObject(denied);
    await expect(keysOf(there, '')).rejects.toMatchObject(denied);
    await expect(there.put('blobs/x', bytesOf('x'))).rejects.toMatchObject(denied);
  });

  test('makes no bucket, and changes neither versioning, lock, policy nor expiry of its own', async () => {
    const client = bareClient({ ...key, url: minio.url, [Symbol.asyncDispose]: async () => {} });
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => client.makeBucket('one-more'),
      () => client.removeBucket('lethe'),
      () => client.setBucketVersioning('lethe', { Status: 'Enabled' }),
      () => client.setBucketPolicy('lethe', '{}'),
      () => client.setBucketLifecycle('lethe', { Rule: [] }),
      () => client.getBucketVersioning('lethe'),
    ];
    for (const attempt of attempts) {
      const code = await attempt().then(
        () => 'done',
        (thrown) => failureOf(thrown).code,
      );
      expect(code).toBe('AccessDenied');
    }
    const { buckets } = { buckets: await client.listBuckets().catch(() => []) };
    expect(buckets.map(({ name }) => name).filter((name) => name !== 'lethe')).toEqual([]);
  });
});
