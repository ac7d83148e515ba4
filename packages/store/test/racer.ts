/**
 * One process of a race: waits for a line on stdin, then tries to create every key and to
 * increment one number, and tells what it won.
 */
import { once } from 'node:events';
import { FolderStore } from '../src/folder-store.ts';

export interface RaceResult {
  /** Keys that this process was told it created. */
  readonly created: readonly number[];
  /** Values of the number that this process was told it wrote. */
  readonly counted: readonly number[];
}

const [folder = '', name = '', keys = '0', increments = '0'] = process.argv.slice(2);
const store = await FolderStore.open(folder);
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const created: number[] = [];
for (let key = 0; key < Number(keys); key++) {
  const outcome = await store.put(`keys/${key}`, bytes(name), { kind: 'if-absent' });
  if (outcome.kind === 'stored') created.push(key);
}

const counted: number[] = [];
while (counted.length < Number(increments)) {
  const present = await store.get('number');
  if (present === undefined) throw new Error('there is no number to increment');
  const next = Number(new TextDecoder().decode(present.bytes)) + 1;
  const condition = { kind: 'if-match', etag: present.etag } as const;
  const outcome = await store.put('number', bytes(String(next)), condition);
  if (outcome.kind === 'stored') counted.push(next);
}

await store[Symbol.asyncDispose]();
const result: RaceResult = { created, counted };
process.stdout.write(`${JSON.stringify(result)}\n`);
process.stdin.destroy();

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
