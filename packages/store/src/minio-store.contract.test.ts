import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import {
  openTestS3,
  s3Available,
  type TestS3,
} from '../../../test/support/servers/available-servers.ts';
import { storeOptions } from '../test/real-s3.ts';
import type { StoreContract } from './contract/fixture.ts';
import { MinioStore, type MinioStoreOptions } from './minio-store.ts';
import { applyBucket } from './s3/apply-bucket.ts';
import { describeObjectStore } from './store-contract.ts';

const tag = 'an S3 tag is the MD5 of the bytes';
const path = 'MinIO keeps keys as paths';

/** Facts about S3 and MinIO, with what follows from each in docs/decisions/0035. */
const exceptions = {
  'gives a new tag to every write, of the same bytes too': tag,
  'lets one of 32 replace a version by the same bytes': tag,
  'keeps a key apart from the keys below it': path,
  'lists keys below a key that is an object too': path,
  'orders long names among their own beginnings': path,
  'takes keys of 1,024 bytes in one part': path,
};

async function fixture(options: MinioStoreOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-store-'));
  await applyBucket(options);
  const store = new MinioStore(options);
  const other = new MinioStore(options);
  return {
    store,
    other,
    folder,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe.skipIf(!s3Available)('on a real server', () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await openTestS3();
  });
  afterAll(() => s3[Symbol.asyncDispose]());

  const contract = (change: Partial<MinioStoreOptions>, more = {}): StoreContract => ({
    exceptions: { ...exceptions, ...more },
    setUp: () => fixture(storeOptions(s3, change)),
  });
  describeObjectStore('MinioStore', contract({}));
  describeObjectStore(
    'MinioStore below a prefix',
    contract(
      { prefix: 'eu/one/' },
      {
        'takes keys of 1,024 bytes in many parts': 'S3 counts the prefix too',
      },
    ),
  );
});
