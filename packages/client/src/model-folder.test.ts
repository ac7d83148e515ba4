import { readlinkSync } from 'node:fs';
import fileSystem, {
  chmod,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ServingPointer } from '@lethe/contracts';
import { BlobStore, FolderStore } from '@lethe/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelFolder } from './model-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-model-folder-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await rm(root, { recursive: true });
});

async function openFolder() {
  const store = await FolderStore.open(join(root, 'store'));
  const blobs = new BlobStore(store, { cacheFolder: join(root, 'cache') });
  const pointerOf = async (generation: number) =>
    ServingPointer.fromPartial({
      modelKey: 'm',
      generation,
      topologyDigest: await blobs.put(Buffer.from('{"modelTopology":{},"weightSpecs":[]}')),
      weightsDigest: await blobs.put(Buffer.from(`weights ${generation}`)),
    });
  const files = new ModelFolder(join(root, 'served'), store, blobs);
  return { store, files, pointerOf };
}

/** What is done to the disk below `folder`, in order: syncs, renames and removals. */
async function watchDisk(folder: string): Promise<string[]> {
  const done: string[] = [];
  const named = (path: unknown) =>
    relative(folder, String(path))
      .replace(/\.part-[0-9a-f-]+/, 'PART')
      .replace(/generation-(\d+)-[0-9a-f]+/, 'generation-$1') || '.';
  const isInside = (path: unknown) => String(path).startsWith(folder);
  const handle = await open(root, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const sync = prototype.sync;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    await sync.call(this);
    if (isInside(path)) done.push(`sync ${named(path)}`);
  });
  const { rename, rm: remove } = fileSystem;
  vi.spyOn(fileSystem, 'rename').mockImplementation(async (from, to) => {
    await rename(from, to);
    if (isInside(to)) done.push(`rename ${named(from)} to ${named(to)}`);
  });
  vi.spyOn(fileSystem, 'rm').mockImplementation(async (path, options) => {
    await remove(path, options);
    if (isInside(path)) done.push(`remove ${named(path)}`);
  });
  syncBuiltinESMExports();
  return done;
}

describe.skipIf(process.platform !== 'linux')('a snapshot', () => {
  it('is on the disk before anything names it, and named before the former one is deleted', async () => {
    const { store, files, pointerOf } = await openFolder();
    await using _ = store;
    await files.keepOnly(await files.fetch(await pointerOf(1)));
    const second = await pointerOf(2);
    const done = await watchDisk(join(root, 'served'));
    const snapshot = await files.fetch(second);
    await files.keepOnly(snapshot);
    const before = (first: string, then: string) => {
      expect(done).toContain(first);
      expect(done.indexOf(first), done.join('\n')).toBeLessThan(done.indexOf(then));
    };
    const named = 'rename PART to generation-2';
    for (const part of ['PART/weights.bin', 'PART/model.json', 'PART'])
      before(`sync ${part}`, named);
    const pointed = 'rename current.json.new to current.json';
    before(named, 'sync .');
    before('sync .', pointed);
    before('sync current.json.new', pointed);
    expect(done.lastIndexOf('sync .')).toBeGreaterThan(done.indexOf(pointed));
    expect(done.lastIndexOf('sync .')).toBeLessThan(done.indexOf('remove generation-1'));
    expect(await readdir(join(root, 'served'))).toHaveLength(2);
  });
});

describe('the last good snapshot', () => {
  it('is taken up whole or not at all', async () => {
    const { store, files, pointerOf } = await openFolder();
    await using _ = store;
    const pointer = await pointerOf(1);
    const { folder } = await files.fetch(pointer);
    await files.keepOnly({ pointer, folder });
    expect(await files.lastGood()).toEqual({ pointer, folder });
    for (const name of ['model.json', 'weights.bin']) {
      const file = join(folder, name);
      const whole = await readFile(file);
      await chmod(file, 0o644);
      await writeFile(file, whole.subarray(1));
      expect(await files.lastGood(), name).toBeUndefined();
      await writeFile(file, whole);
    }
    expect(await files.lastGood()).toEqual({ pointer, folder });
    // As it was written before the digest of model.json was noted.
    await writeFile(
      join(root, 'served', 'current.json'),
      JSON.stringify(ServingPointer.toJSON(pointer)),
    );
    expect(await files.lastGood()).toEqual({ pointer, folder });
  });
});
