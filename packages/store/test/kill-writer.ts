/**
 * Writes until it is killed, and tells each write that was acknowledged: blobs of all sizes,
 * slots that another process wants too, and a number that both increment.
 */
import { createHash } from 'node:crypto';
import { BlobStore } from '../src/blob-store.ts';
import { FolderStore } from '../src/folder-store.ts';

export type Acknowledgement =
  | { readonly kind: 'blob'; readonly digest: string }
  | { readonly kind: 'slot'; readonly slot: number; readonly writer: string }
  | { readonly kind: 'number'; readonly value: number };

const [folder = '', writer = '', seed = '0', firstSlot = '0'] = process.argv.slice(2);
const store = await FolderStore.open(folder);
const blobs = new BlobStore(store);

for (let step = 0; ; step++) {
  const digest = await blobs.put(content(`${seed}:${writer}:${step}`));
  acknowledge({ kind: 'blob', digest });

  const slot = Number(firstSlot) + step;
  const body = new TextEncoder().encode(writer);
  const taken = await store.put(`slots/${slot}`, body, { kind: 'if-absent' });
  if (taken.kind === 'stored') acknowledge({ kind: 'slot', slot, writer });

  const present = await store.get('number');
  if (present === undefined) throw new Error('there is no number to increment');
  const value = Number(new TextDecoder().decode(present.bytes)) + 1;
  const condition = { kind: 'if-match', etag: present.etag } as const;
  const moved = await store.put('number', new TextEncoder().encode(String(value)), condition);
  if (moved.kind === 'stored') acknowledge({ kind: 'number', value });
}

function acknowledge(what: Acknowledgement): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

/** 0 to 2 MiB of bytes that only this name gives. */
function content(name: string): Uint8Array {
  const stem = createHash('sha512').update(name).digest();
  const size = stem.readUInt32LE(0) % (2 * 1024 * 1024);
  const bytes = Buffer.alloc(size, stem);
  return size === 0 ? stem : bytes;
}
