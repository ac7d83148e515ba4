import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bytesOf, type Check, keysOf, textAt, write } from './fixture.ts';

const badKeys = [
  '',
  '/a',
  'a/',
  'a//b',
  './a',
  'a/../b',
  'a/..',
  'ä',
  'a b',
  'a\\b',
  'a\0b',
  'a'.repeat(1025),
];

export function objectCases(check: Check): void {
  check('gives back what was put, to another client too', async ({ store, other }) => {
    const etag = await write(store, 'a/b.json', 'hello');
    for (const client of [store, other]) {
      const stored = await client.get('a/b.json');
      expect(stored?.etag).toBe(etag);
      expect(new TextDecoder().decode(stored?.bytes)).toBe('hello');
    }
  });

  check('has nothing under a key that was not put', async ({ store, folder }) => {
    await write(store, 'a/b', 'x');
    expect(await store.get('a')).toBeUndefined();
    expect(await store.get('a/b/c')).toBeUndefined();
    expect(await store.download('a/c', join(folder, 'c'))).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  check('keeps bytes of any value, and none at all', async ({ store }) => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, index) => index % 256);
    await store.put('bytes', bytes);
    await store.put('empty', new Uint8Array());
    expect(Buffer.from((await store.get('bytes'))?.bytes ?? [])).toEqual(Buffer.from(bytes));
    expect((await store.get('empty'))?.bytes.length).toBe(0);
  });

  check('keeps a key apart from the keys below it', async ({ store }) => {
    await write(store, 'a/b', 'below');
    await write(store, 'a', 'itself');
    await write(store, 'a/b/c', 'further below');
    expect(await textAt(store, 'a')).toBe('itself');
    expect(await textAt(store, 'a/b')).toBe('below');
    expect(await textAt(store, 'a/b/c')).toBe('further below');
    expect(await store.deleteAllVersions('a/b')).toBe(1);
    expect(await keysOf(store, '')).toEqual(['a', 'a/b/c']);
  });

  check('takes keys of 1,024 bytes in one part', async ({ store }) => {
    const long = 'x'.repeat(1024);
    await write(store, long, 'long');
    await write(store, long.slice(1), 'shorter');
    expect(await textAt(store, long)).toBe('long');
    expect(await textAt(store, long.slice(1))).toBe('shorter');
    expect(await keysOf(store, '')).toEqual([long.slice(1), long]);
  });

  check('takes keys of 1,024 bytes in many parts', async ({ store }) => {
    const deep = Array.from({ length: 512 }, () => 'y').join('/');
    const wide = Array.from({ length: 4 }, () => 'z'.repeat(255)).join('/');
    for (const key of [deep, wide]) await write(store, key, key);
    for (const key of [deep, wide]) expect(await textAt(store, key)).toBe(key);
    expect(await keysOf(store, '')).toEqual([deep, wide]);
  });

  check('refuses bad keys by name, and writes nothing', async ({ store, folder }) => {
    for (const key of badKeys) {
      const error = { name: 'LetheError', code: 'invalid' };
      await expect(store.put(key, bytesOf('x'))).rejects.toMatchObject(error);
      await expect(store.get(key)).rejects.toMatchObject(error);
      await expect(store.download(key, join(folder, 'x'))).rejects.toMatchObject(error);
      await expect(store.deleteAllVersions(key)).rejects.toMatchObject(error);
    }
    await expect(keysOf(store, '../')).rejects.toMatchObject({ code: 'invalid' });
    expect(await keysOf(store, '')).toEqual([]);
  });

  check('streams a file in and out', async ({ store, other, folder }) => {
    const bytes = randomBytes(5 * 1024 * 1024 + 7);
    await writeFile(join(folder, 'in'), bytes);
    await store.put('big', { file: join(folder, 'in') });
    expect(await other.download('big', join(folder, 'out'))).toBe(true);
    const digests = [bytes, await readFile(join(folder, 'out'))].map((each) =>
      createHash('sha256').update(each).digest('hex'),
    );
    expect(digests[1]).toBe(digests[0]);
    expect((await readdir(folder)).toSorted()).toEqual(['in', 'out']);
  });

  check('names the file it cannot read, and writes nothing', async ({ store, folder }) => {
    const missing = join(folder, 'missing.bin');
    await expect(store.put('a', { file: missing })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining(missing),
    });
    expect(await store.get('a')).toBeUndefined();
  });

  check('names the file it cannot write a download to', async ({ store, folder }) => {
    await write(store, 'a', 'x');
    const target = join(folder, 'missing', 'a');
    await expect(store.download('a', target)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(target),
    });
  });

  check('replaces a downloaded file at once, never in place', async ({ store, folder }) => {
    const target = join(folder, 'a');
    await write(store, 'a', 'first');
    await store.download('a', target);
    await write(store, 'a', 'second');
    await store.download('a', target);
    expect(await readFile(target, 'utf8')).toBe('second');
    expect(await readdir(folder)).toEqual(['a']);
  });

  check('deletes an object with all that it replaced', async ({ store, other }) => {
    await write(store, 'a', 'first');
    await write(store, 'a', 'second');
    expect(await store.deleteAllVersions('a')).toBeGreaterThanOrEqual(1);
    expect(await other.get('a')).toBeUndefined();
    expect(await store.deleteAllVersions('a')).toBe(0);
    expect(await store.deleteAllVersions('never/there')).toBe(0);
  });

  check('shows readers whole objects while they are replaced', async ({ store, other }) => {
    const versions = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await write(store, 'k', versions[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let round = 1; round <= 20; round++) await write(store, 'k', versions[round % 2] ?? '');
      writing = false;
    })();
    while (writing) expect(versions).toContain(await textAt(other, 'k'));
    await writer;
  });

  check('shows readers nothing of an object before all of it', async ({ store, other, folder }) => {
    const size = 8 * 1024 * 1024;
    await writeFile(join(folder, 'file'), new Uint8Array(size));
    for (const body of [new Uint8Array(size), { file: join(folder, 'file') }]) {
      let writing = true;
      const writer = store.put('new', body, { kind: 'if-absent' }).finally(() => {
        writing = false;
      });
      while (writing) expect([0, size]).toContain((await other.get('new'))?.bytes.length ?? 0);
      await writer;
      await store.deleteAllVersions('new');
    }
  });
}
