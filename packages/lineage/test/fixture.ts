import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobStore, FolderStore } from '@lethe/store';
import { LineageStore } from '../src/lineage-store.ts';
import { WrappedStore } from './wrapped-store.ts';

/** A lineage in a folder of its own, with the blobs that test records name. */
export interface Fixture extends AsyncDisposable {
  readonly store: WrappedStore;
  readonly lineages: LineageStore;
}

export async function openFixture(): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-lineage-'));
  const store = new WrappedStore(await FolderStore.open(join(folder, 'store')));
  const blobs = new BlobStore(store);
  for (const name of ['topology', 'original', 'training manifest']) await putBlob(blobs, name);
  for (let sequence = 1; sequence <= 6; sequence++) {
    await putBlob(blobs, `weights ${sequence}`);
    await putBlob(blobs, `state ${sequence}`);
  }
  return {
    store,
    lineages: new LineageStore(store, blobs),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function putBlob(blobs: BlobStore, text: string): Promise<void> {
  await blobs.put(new TextEncoder().encode(text));
}
