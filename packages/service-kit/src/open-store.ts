import { LetheError } from '@lethe/contracts';
import { FolderStore, type ObjectStore } from '@lethe/store';

/** Opens the object store that an address names: `folder:PATH`. @throws LetheError `invalid` */
export async function openStore(address: string): Promise<ObjectStore> {
  if (address.startsWith('folder:') && address.length > 'folder:'.length) {
    return await FolderStore.open(address.slice('folder:'.length));
  }
  throw LetheError.invalid('store', address, 'names no object store', 'Use folder:PATH.');
}
