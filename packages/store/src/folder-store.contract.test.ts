import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from './folder-store.ts';
import { describeObjectStore } from './store-contract.ts';

describeObjectStore('FolderStore', {
  setUp: async () => {
    const root = await mkdtemp(join(tmpdir(), 'lethe-store-'));
    const folder = join(root, 'local');
    await mkdir(folder);
    const store = await FolderStore.open(join(root, 'store'));
    const other = await FolderStore.open(join(root, 'store'));
    return {
      store,
      other,
      folder,
      [Symbol.asyncDispose]: async () => {
        await store[Symbol.asyncDispose]();
        await other[Symbol.asyncDispose]();
        await rm(root, { recursive: true, force: true });
      },
    };
  },
});
