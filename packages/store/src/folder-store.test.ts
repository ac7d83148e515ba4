import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { bytesOf, keysOf, textAt, write } from './contract/fixture.ts';
import { FolderStore } from './folder-store.ts';

const isRoot = process.getuid?.() === 0;

/** Does it as a user who may not write here: permissions do not bind root. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (isRoot) process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

async function expectError(action: Promise<unknown>, code: string, ...words: readonly string[]) {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ name: 'LetheError', code });
  for (const word of words) expect(error?.message).toContain(word);
}

describe('opening', () => {
  test('makes a missing folder in one that is there', async () => {
    await using root = await temporaryFolder();
    await using store = await FolderStore.open(join(root.path, 'new'));
    await write(store, 'a', 'x');
    expect(await readdir(root.path)).toEqual(['new']);
  });

  test('refuses a folder whose parent is missing, and makes nothing', async () => {
    await using root = await temporaryFolder();
    const parent = join(root.path, 'no', 'such');
    await expectError(FolderStore.open(join(parent, 'store')), 'precondition', parent, 'Make it');
    expect(await readdir(root.path)).toEqual([]);
  });

  test('refuses a path that is a file, or leads through one', async () => {
    await using root = await temporaryFolder();
    const file = join(root.path, 'file');
    await writeFile(file, 'mine');
    await expectError(
      FolderStore.open(file),
      'precondition',
      file,
      'file',
      'Choose another folder',
    );
    await expectError(
      FolderStore.open(join(file, 'store')),
      'precondition',
      file,
      'file',
      'Choose another folder',
    );
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  test('refuses a folder it may not write to', async () => {
    await using root = await temporaryFolder();
    await chmod(root.path, 0o555);
    const folder = join(root.path, 'store');
    await expectError(
      unprivileged(() => FolderStore.open(folder)),
      'precondition',
      folder,
      'access is denied',
      'write access',
    );
  });

  test('finds what an earlier process stored', async () => {
    await using root = await temporaryFolder();
    const first = await FolderStore.open(root.path);
    await write(first, 'models/m/serving.json', '{}');
    await first[Symbol.asyncDispose]();
    await using second = await FolderStore.open(root.path);
    expect(await textAt(second, 'models/m/serving.json')).toBe('{}');
  });
});

describe('a folder that turns bad', () => {
  test('can be read when it is read-only, and says so when it is written', async () => {
    await using root = await temporaryFolder();
    const store = await FolderStore.open(root.path);
    await write(store, 'a', 'x');
    await store[Symbol.asyncDispose]();
    await chmod(root.path, 0o755);
    await unprivileged(async () => {
      await using reader = await FolderStore.open(root.path);
      expect(await textAt(reader, 'a')).toBe('x');
      const denied = ['precondition', root.path, 'write access'] as const;
      await expectError(reader.put('b', bytesOf('y')), ...denied);
      await expectError(reader.deleteAllVersions('a'), ...denied);
    });
    await using again = await FolderStore.open(root.path);
    expect(await keysOf(again, '')).toEqual(['a']);
  });

  test('is an error when it is gone, not an empty store', async () => {
    await using root = await temporaryFolder();
    const folder = join(root.path, 'store');
    await using store = await FolderStore.open(folder);
    await write(store, 'a/b', 'x');
    await rename(folder, join(root.path, 'elsewhere'));
    const gone = ['unavailable', folder, 'mounted'] as const;
    await expectError(store.get('a/b'), ...gone);
    await expectError(store.put('a/b', bytesOf('y'), { kind: 'if-absent' }), ...gone);
    await expectError(keysOf(store, ''), ...gone);
    await expectError(store.deleteAllVersions('a/b'), ...gone);
    await expectError(store.download('a/b', join(root.path, 'c')), ...gone);
    await rename(join(root.path, 'elsewhere'), folder);
    expect(await textAt(store, 'a/b')).toBe('x');
  });

  const canMount = isRoot && platform() === 'linux';
  test.skipIf(!canMount)(
    `is an error when its disk is full, and nothing is half-written${canMount ? '' : ' (needs root on Linux)'}`,
    async () => {
      await using root = await temporaryFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root.path]);
      try {
        await using store = await FolderStore.open(root.path);
        const etag = await write(store, 'a', 'before');
        const big = new Uint8Array(512 * 1024);
        const full = ['capacity', root.path, 'full', 'Free some space'] as const;
        await expectError(store.put('a', big), ...full);
        await expectError(store.put('b', big, { kind: 'if-absent' }), ...full);
        expect(await keysOf(store, '')).toEqual(['a']);
        expect(await readdir(join(root.path, 'tmp'))).toEqual([]);
        const small = await store.put('a', bytesOf('after'), { kind: 'if-match', etag });
        expect(small.kind).toBe('stored');
      } finally {
        execFileSync('umount', ['--lazy', root.path]);
      }
    },
  );
});

describe('what crashed writers left', () => {
  test('is removed by the next opening once it is old', async () => {
    await using root = await temporaryFolder();
    await (await FolderStore.open(root.path))[Symbol.asyncDispose]();
    const temporary = join(root.path, 'tmp');
    for (const name of ['old', 'young']) await writeFile(join(temporary, name), 'half');
    const longAgo = Date.now() / 1000 - 2 * 60 * 60;
    await utimes(join(temporary, 'old'), longAgo, longAgo);
    await using _store = await FolderStore.open(root.path);
    expect(await readdir(temporary)).toEqual(['young']);
  });

  test('is nothing when no writer crashed', async () => {
    await using root = await temporaryFolder();
    await using store = await FolderStore.open(root.path);
    await write(store, 'a', 'x');
    await store.put('a', bytesOf('y'), { kind: 'if-absent' });
    await store.put('b', bytesOf('y'), { kind: 'if-absent' });
    await store.put('b', { file: join(root.path, 'missing') }).catch(() => undefined);
    expect(await readdir(join(root.path, 'tmp'))).toEqual([]);
  });
});

test('objects keep their names on the disk, under folders that are marked', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(root.path);
  await write(store, 'models/m/serving.json', '{}');
  const file = join(root.path, 'objects', 'models@', 'm@', 'serving.json');
  expect(await readFile(file, 'utf8')).toBe('{}');
});

test('a new tag follows though the clock was set back', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(root.path);
  await write(store, 'a', 'x');
  // As if the first version had been written tomorrow.
  const tomorrow = Date.now() / 1000 + 24 * 60 * 60;
  await utimes(join(root.path, 'objects', 'a'), tomorrow, tomorrow);
  const times: number[] = [];
  const tags = new Set([(await store.get('a'))?.etag]);
  for (let round = 0; round < 3; round++) {
    tags.add(await write(store, 'a', 'x'));
    for await (const { modifiedMs } of store.list('')) times.push(modifiedMs);
  }
  expect(tags.size).toBe(4);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(Math.floor(tomorrow * 1000));
});

test('a folder of keys that somebody removed is made again', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(root.path);
  await write(store, 'models/m/a', 'x');
  await rm(join(root.path, 'objects', 'models@'), { recursive: true });
  await expectError(store.put('models/m/a', bytesOf('y')), 'unavailable', root.path);
  await write(store, 'models/m/a', 'y');
  expect(await textAt(store, 'models/m/a')).toBe('y');
});

test('a folder that is a file is named with the key that needs it; other keys work', async () => {
  await using root = await temporaryFolder();
  await mkdir(join(root.path, 'objects'));
  await writeFile(join(root.path, 'objects', 'blobs@'), 'a file where a folder should be');
  await using store = await FolderStore.open(root.path);
  await expectError(
    store.put('blobs/x', bytesOf('y')),
    'precondition',
    'blobs/x',
    root.path,
    'file',
  );
  await write(store, 'other/x', 'y');
});
