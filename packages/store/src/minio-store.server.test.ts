import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LetheError } from '@lethe/contracts';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { RETENTION_MODES, RETENTION_VALIDITY_UNITS } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { MinioServer } from '../../../test/support/servers/minio-server.ts';
import { bareClient, storeOptions } from '../test/real-s3.ts';
import { BlobStore, blobKey } from './blob-store.ts';
import { bytesOf, keysOf, textAt } from './contract/fixture.ts';
import { digestOfFile } from './file-digest.ts';
import { MinioStore, type MinioStoreOptions } from './minio-store.ts';
import { probeObjectStore, requireConformance } from './probe-object-store.ts';
import { applyBucket } from './s3/apply-bucket.ts';

const ifAbsent = { kind: 'if-absent' } as const;

describe.skipIf(!isInstalled('minio'))('MinioStore on a server of its own', () => {
  let minio: MinioServer;
  let folder: string;
  beforeAll(async () => {
    minio = await MinioServer.start({ drives: 4 });
    folder = await mkdtemp(join(tmpdir(), 'lethe-minio-test-'));
  });
  afterAll(async () => {
    await minio[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function openStore(change: Partial<MinioStoreOptions> = {}) {
    const options = storeOptions(minio, change);
    await applyBucket(options);
    return new MinioStore(options);
  }

  test('a bucket is made once, without versions and lock, and looked at afterwards', async () => {
    const options = storeOptions(minio);
    expect(await applyBucket(options)).toEqual({
      created: true,
      settings: { versioning: 'off', defaultRetention: '' },
      drift: [],
    });
    expect(await applyBucket(options)).toMatchObject({ created: false, drift: [] });
  });

  test('a bucket with versions is reported, and deletions still leave none behind', async () => {
    const options = storeOptions(minio);
    const bare = bareClient(minio);
    await bare.makeBucket(options.bucket);
    await bare.setBucketVersioning(options.bucket, { Status: 'Enabled' });
    expect((await applyBucket(options)).drift).toEqual([expect.stringContaining('versioning')]);
    await using store = new MinioStore(options);
    for (const text of ['one', 'two', 'three']) await store.put('weights', bytesOf(text));
    // A deletion from outside: it hides the object behind a delete marker, and keeps all of it.
    await bare.removeObject(options.bucket, 'weights');
    expect(await store.get('weights')).toBeUndefined();
    await store.put('weights/of/another', bytesOf('stay'));
    expect(await store.deleteAllVersions('weights')).toBe(3);
    const left = await bare.listObjectsQuery(options.bucket, 'weights', '', {
      Delimiter: '',
      MaxKeys: 100,
      IncludeVersion: true,
    });
    expect(left.objects.map(({ name }) => name)).toEqual(['weights/of/another']);
    await requireConformance(store);
  });

  test('a bucket whose lock keeps new objects is refused, with the reason', async () => {
    const options = storeOptions(minio);
    const bare = bareClient(minio);
    await bare.makeBucket(options.bucket, 'us-east-1', { ObjectLocking: true });
    await bare.setObjectLockConfig(options.bucket, {
      mode: RETENTION_MODES.COMPLIANCE,
      unit: RETENTION_VALIDITY_UNITS.DAYS,
      validity: 1,
    });
    expect((await applyBucket(options)).drift).toEqual([
      expect.stringContaining('object lock keeps new objects (COMPLIANCE 1 Days)'),
      expect.stringContaining('versioning'),
    ]);
    await using store = new MinioStore(options);
    await expect(requireConformance(store)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('an object lock keeps it'),
    });
    const failed = (await probeObjectStore(store)).filter(({ held }) => !held);
    expect(failed.map(({ check }) => check)).toContain('a deletion leaves no version behind');
  });

  test('a file of 200 MiB goes in under a condition and comes out whole, in flat memory', async () => {
    await using store = await openStore();
    const blobs = new BlobStore(store, { cacheFolder: join(folder, 'cache') });
    const file = join(folder, 'big');
    const piece = randomBytes(2 ** 20);
    const pieces = Array.from({ length: 200 }, () => piece);
    await pipeline(Readable.from(pieces), createWriteStream(file));
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    const digest = await blobs.put({ file });
    const copy = await blobs.file(digest);
    clearInterval(watch);
    expect(await digestOfFile(copy)).toBe(await digestOfFile(file));
    expect(most - before).toBeLessThan(120 * 2 ** 20);
    // Again: what is there already is not sent once more.
    expect(await blobs.put({ file })).toBe(digest);
    expect((await stat(copy)).size).toBe(200 * 2 ** 20);
    for await (const _ of createReadStream(copy, { end: 0 }));
  });

  test('32 racers with bodies of 3 MiB have one winner', async () => {
    await using store = await openStore();
    const bodies = Array.from({ length: 32 }, (_, n) => new Uint8Array(3 * 2 ** 20).fill(n));
    const outcomes = await Promise.allSettled(
      bodies.map((body) => store.put('race', body, ifAbsent)),
    );
    // A loser may be cut off while it sends, and then knows nothing; it never knows wrong.
    const won = outcomes.flatMap((each, n) =>
      each.status === 'fulfilled' && each.value.kind === 'stored' ? [n] : [],
    );
    const unknown = outcomes.filter(({ status }) => status === 'rejected');
    expect(won.length).toBeLessThanOrEqual(1);
    if (unknown.length === 0) expect(won).toHaveLength(1);
    const present = (await store.get('race'))?.bytes;
    expect(present?.length).toBe(3 * 2 ** 20);
    if (won.length === 1) expect(present?.[0]).toBe(won[0]);
  });

  test('wrong keys and a missing bucket are told apart, by name', async () => {
    const options = storeOptions(minio);
    await using nowhere = new MinioStore(options);
    await expect(nowhere.put('a', bytesOf('x'))).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('no such bucket'),
    });
    for (const wrong of [
      { accessKey: 'nobody', secretKey: minio.secretKey },
      { accessKey: minio.accessKey, secretKey: 'wrong-secret' },
    ]) {
      await using store = new MinioStore({ ...options, secrets: () => wrong });
      await expect(requireConformance(store)).rejects.toMatchObject({
        code: 'precondition',
        message: expect.stringMatching(/key/),
      });
    }
  });

  test('a truncated blob is refused when it is read', async () => {
    await using store = await openStore();
    const blobs = new BlobStore(store, { cacheFolder: join(folder, 'cache-2') });
    const digest = await blobs.put(bytesOf('weights'));
    await store.put(blobKey(digest), bytesOf('weigh'));
    await expect(blobs.get(digest)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(blobs.file(digest)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('a paused server times out, a killed one is unavailable, both come back by themselves', async () => {
    const options = storeOptions(minio);
    await applyBucket(options);
    await using store = new MinioStore(options);
    await using impatient = new MinioStore({ ...options, timeoutMs: 500, attempts: 1 });
    await store.put('a', bytesOf('here'));
    await minio.process.pause();
    const paused = impatient.put('b', bytesOf('x'), ifAbsent);
    await expect(paused).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('nothing for 500 ms'),
    });
    minio.process.resume();
    expect(await textAt(store, 'a')).toBe('here');
    await minio.process.kill();
    await expect(impatient.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    await minio.process.restart();
    await expect.poll(() => textAt(store, 'a').catch(() => undefined)).toBe('here');
    // What the paused server was sent was either stored or not; it is whole in any case.
    expect([undefined, 'x']).toContain(await textAt(store, 'b'));
  });

  test('what was acknowledged is whole after a kill in the middle of writes', async () => {
    const options = storeOptions(minio);
    await applyBucket(options);
    await using store = new MinioStore({ ...options, attempts: 1, timeoutMs: 5_000 });
    const written = new Map<string, Uint8Array>();
    let killed = false;
    const writers = Array.from({ length: 4 }, async () => {
      while (!killed) {
        const bytes = randomBytes(1 + Math.floor(Math.random() * 3_000_000));
        const key = `w/${randomUUID()}`;
        const outcome = await store.put(key, bytes, ifAbsent).catch(() => undefined);
        if (outcome?.kind === 'stored') written.set(key, bytes);
      }
    });
    await expect.poll(() => written.size).toBeGreaterThan(8);
    await minio.process.kill();
    killed = true;
    await Promise.all(writers);
    await minio.process.restart();
    await expect
      .poll(() =>
        keysOf(store, 'w/').then(
          ({ length }) => length,
          () => 0,
        ),
      )
      .toBeGreaterThan(0);
    // It may answer a list before all of its drives are there, and a read with a 503: try again.
    await using patient = new MinioStore(options);
    for (const [key, bytes] of written) {
      expect(Buffer.compare((await patient.get(key))?.bytes ?? new Uint8Array(), bytes)).toBe(0);
    }
  });
});

describe.skipIf(!isInstalled('minio'))('MinioStore over TLS', () => {
  test('trusts the CA that it is given, and nobody else', async () => {
    await using ca = await CertificateAuthority.create();
    await using other = await CertificateAuthority.create();
    const certificate = await ca.issueServer();
    await using minio = await MinioServer.start({ certificate });
    const keys = { accessKey: minio.accessKey, secretKey: minio.secretKey };
    const options = storeOptions(minio, { secrets: () => secrets });
    const secrets = { ...keys, ca: ca.certificate };
    await applyBucket(options);
    await using store = new MinioStore(options);
    await requireConformance(store);
    const big = randomBytes(3 * 2 ** 20);
    await store.put('big', big, ifAbsent);
    expect(Buffer.compare((await store.get('big'))?.bytes ?? new Uint8Array(), big)).toBe(0);

    const stranger = { ...keys, ca: other.certificate };
    for (const wrong of [() => stranger, () => keys]) {
      await using distrustful = new MinioStore({ ...options, secrets: wrong });
      await expect(distrustful.get('big')).rejects.toMatchObject({
        code: 'precondition',
        message: expect.stringContaining('certificate is not trusted'),
      });
    }
    await using plain = new MinioStore({ ...options, tls: false });
    await expect(plain.get('big')).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('wants TLS'),
    });
  });
});

describe.skipIf(!isInstalled('minio') || !canMount())(
  'MinioStore on a small disk (needs root on Linux)',
  () => {
    test('is told what to do when it is full, keeps nothing half-written, and takes more once there is room', async () => {
      const drive = await mkdtemp(join(tmpdir(), 'lethe-minio-small-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', drive]);
      try {
        await using minio = await MinioServer.start({ drive });
        const options = storeOptions(minio);
        await applyBucket(options);
        await using store = new MinioStore(options);
        const body = randomBytes(4 * 2 ** 20);
        const written: string[] = [];
        let refusal: LetheError | undefined;
        while (refusal === undefined && written.length < 20) {
          const key = `blobs/${written.length}`;
          try {
            await store.put(key, body, ifAbsent);
            written.push(key);
          } catch (thrown) {
            refusal = LetheError.from(thrown);
            expect(await store.get(key)).toBeUndefined();
          }
        }
        expect(refusal).toMatchObject({
          code: 'capacity',
          message: expect.stringMatching(
            /disks are full\. Add disk space.*nothing was half-written/,
          ),
        });
        expect(written.length).toBeGreaterThan(2);
        // What was there is whole, and a full store can be read.
        for (const key of written) expect((await store.get(key))?.bytes).toEqual(body);
        // What is deleted goes to MinIO's own bin first, for minutes; so the remedy is followed.
        execFileSync('mount', ['-o', 'remount,size=128m', drive]);
        await expect
          .poll(() => store.put('blobs/later', body, ifAbsent).then(({ kind }) => kind, String))
          .toBe('stored');
      } finally {
        execFileSync('umount', ['--lazy', drive]);
        await rm(drive, { recursive: true, force: true });
      }
    });
  },
);

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
