import { appendFile, chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, sha256 } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { BlobStore, blobKey } from './blob-store.ts';
import { bytesOf, keysOf } from './contract/fixture.ts';
import { FolderStore } from './folder-store.ts';

async function openBlobs() {
  const root = await temporaryFolder();
  const store = await FolderStore.open(join(root.path, 'store'));
  const cacheFolder = join(root.path, 'cache');
  return {
    store,
    blobs: new BlobStore(store, { cacheFolder }),
    cacheFolder,
    folder: root.path,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

const hello = bytesOf('hello');
const digest = sha256(hello);
const other = sha256('other');

describe('put', () => {
  test('stores bytes under their SHA-256, and the same again is a success', async () => {
    await using given = await openBlobs();
    expect(await given.blobs.put(hello)).toBe(digest);
    expect(await given.blobs.put(hello)).toBe(digest);
    expect(await keysOf(given.store, '')).toEqual([`blobs/${digest}`]);
    expect(Buffer.from(await given.blobs.get(digest)).toString()).toBe('hello');
  });

  test('stores a file under the SHA-256 of its bytes', async () => {
    await using given = await openBlobs();
    const file = join(given.folder, 'file');
    await writeFile(file, hello);
    expect(await given.blobs.put({ file })).toBe(digest);
    expect(await given.blobs.put({ file })).toBe(digest);
    expect(await given.blobs.has(digest)).toBe(true);
  });

  test('names a file that is missing', async () => {
    await using given = await openBlobs();
    const file = join(given.folder, 'missing');
    await expect(given.blobs.put({ file })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining(file),
    });
  });

  test('takes back a file that was changed while it was stored', async () => {
    await using given = await openBlobs();
    const file = join(given.folder, 'file');
    await writeFile(file, hello);
    const { store } = given;
    const put = store.put.bind(store);
    store.put = async (...args: Parameters<typeof put>) => {
      await appendFile(file, ' again');
      return await put(...args);
    };
    await expect(given.blobs.put({ file })).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(file),
    });
    expect(await given.blobs.has(digest)).toBe(false);
  });

  test('mends a blob that was damaged', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    await given.store.put(blobKey(digest), bytesOf('hellp'));
    await given.blobs.put(hello);
    expect(Buffer.from(await given.blobs.get(digest)).toString()).toBe('hello');

    const file = join(given.folder, 'file');
    await writeFile(file, hello);
    await given.store.put(blobKey(digest), bytesOf('hell'));
    await given.blobs.put({ file });
    expect(await readFile(await given.blobs.file(digest), 'utf8')).toBe('hello');
  });
});

describe('get', () => {
  test('refuses damaged bytes by the name of their key', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    await given.store.put(blobKey(digest), bytesOf('hell'));
    const corrupt = { code: 'corrupt', message: expect.stringContaining(`blobs/${digest}`) };
    await expect(given.blobs.get(digest)).rejects.toMatchObject(corrupt);
    await expect(given.blobs.file(digest)).rejects.toMatchObject(corrupt);
    expect(await readdir(given.cacheFolder)).toEqual(['tmp']);
    expect(await readdir(join(given.cacheFolder, 'tmp'))).toEqual([]);
  });

  test('says which blob is not there', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    const missing = { code: 'not_found', message: expect.stringContaining(other) };
    await expect(given.blobs.get(other)).rejects.toMatchObject(missing);
    await expect(given.blobs.file(other)).rejects.toMatchObject(missing);
    expect(await given.blobs.has(other)).toBe(false);
    expect(await given.blobs.has(digest)).toBe(true);
    expect(await given.blobs.has(digest.slice(0, 63) as Digest)).toBe(false);
  });
});

describe('file', () => {
  test('gives a read-only copy, and the same one again', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    const path = await given.blobs.file(digest);
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect((await stat(path)).mode & 0o222).toBe(0);
    await given.store.deleteAllVersions(blobKey(digest));
    expect(await given.blobs.file(digest)).toBe(path);
  });

  test('fetches a copy anew that was damaged, in this process or before it', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    const path = await given.blobs.file(digest);
    for (const blobs of [given.blobs, new BlobStore(given.store, given)]) {
      await chmod(path, 0o644);
      await writeFile(path, 'hellp');
      expect(await readFile(await blobs.file(digest), 'utf8')).toBe('hello');
    }
  });

  test('is fetched once by many who ask at once', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    const { store } = given;
    const download = store.download.bind(store);
    let downloads = 0;
    store.download = async (...args: Parameters<typeof download>) => {
      downloads++;
      return await download(...args);
    };
    await Promise.all(Array.from({ length: 8 }, () => given.blobs.file(digest)));
    expect(downloads).toBe(1);
  });

  test('needs a cache folder', async () => {
    await using given = await openBlobs();
    const blobs = new BlobStore(given.store);
    await blobs.put(hello);
    await expect(blobs.file(digest)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('cacheFolder'),
    });
  });

  test('says when its folder cannot be made', async () => {
    await using given = await openBlobs();
    await given.blobs.put(hello);
    await writeFile(given.cacheFolder, 'a file');
    await expect(given.blobs.file(digest)).rejects.toMatchObject({
      name: 'LetheError',
      code: 'precondition',
      message: expect.stringContaining(given.cacheFolder),
    });
  });
});

test('delete removes the blob and the local copy of it', async () => {
  await using given = await openBlobs();
  await given.blobs.put(hello);
  const path = await given.blobs.file(digest);
  expect(await given.blobs.delete(digest)).toBe(1);
  await expect(stat(path)).rejects.toThrow();
  await expect(given.blobs.file(digest)).rejects.toMatchObject({ code: 'not_found' });
  expect(await given.blobs.delete(digest)).toBe(0);
});
