import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Digest, sha256 } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { type Child, linesOf, run } from '../test/child.ts';
import type { Acknowledgement } from '../test/kill-writer.ts';
import type { RaceResult } from '../test/racer.ts';
import { keysOf, textAt, write } from './contract/fixture.ts';
import { FolderStore } from './folder-store.ts';

const seed = Number(process.env['LETHE_TEST_SEED'] ?? 1);

async function withStore(use: (folder: string, store: FolderStore) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), 'lethe-store-'));
  const folder = join(root, 'store');
  const store = await FolderStore.open(folder);
  await write(store, 'number', '0');
  try {
    await use(folder, store);
  } finally {
    await store[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  }
}

test('four processes that want the same keys get each once, and count without a loss', async () => {
  const keys = 150;
  const increments = 60;
  await withStore(async (folder, store) => {
    const racers = ['a', 'b', 'c', 'd'].map((name) => {
      const child = run('racer.ts', folder, name, String(keys), String(increments));
      return { name, child, lines: linesOf(child) };
    });
    for (const { lines } of racers) expect((await lines.next()).value).toBe('ready');
    for (const { child } of racers) child.stdin.write('go\n');
    const results = await Promise.all(
      racers.map(async ({ lines }) => JSON.parse((await lines.next()).value ?? '') as RaceResult),
    );

    const winners = new Map<number, string>();
    for (const [index, { created }] of results.entries()) {
      for (const key of created) {
        expect(winners.has(key), `key ${key} was created twice`).toBe(false);
        winners.set(key, racers[index]?.name ?? '');
      }
    }
    expect(winners.size).toBe(keys);
    for (const [key, name] of winners) expect(await textAt(store, `keys/${key}`)).toBe(name);

    const counted = results.flatMap((result) => result.counted).toSorted((x, y) => x - y);
    expect(counted).toEqual(Array.from({ length: 4 * increments }, (_, index) => index + 1));
    expect(await textAt(store, 'number')).toBe(String(4 * increments));
  });
});

const kills = 24;

test(`what was acknowledged is whole through ${kills} kills of two writers (seed ${seed})`, async () => {
  await withStore(async (folder, store) => {
    const acknowledged: Acknowledgement[] = [];
    const running = new Map<string, Child>();
    const readers: Promise<void>[] = [];

    const start = (writer: string, firstSlot: number) => {
      const child = run('kill-writer.ts', folder, writer, String(seed), String(firstSlot));
      running.set(writer, child);
      readers.push(collect(child, acknowledged));
      return child;
    };

    start('w0', 0);
    for (let killed = 0; killed < kills; killed++) {
      // The next writer is at work on the same slots before the former one is killed.
      const before = acknowledged.length;
      const next = `w${killed + 1}`;
      start(next, highestSlot(acknowledged));
      while (!hasSome(acknowledged.slice(before))) await setTimeout(5);
      await setTimeout(fraction(killed) * 60);
      await kill(running.get(`w${killed}`) as Child);
    }
    await kill(running.get(`w${kills}`) as Child);
    await Promise.all(readers);

    await checkBlobs(store, acknowledged);
    await checkSlots(store, acknowledged);
    await checkNumber(store, acknowledged);
    // The lock died with its holder: anybody can write at once.
    await write(store, 'number', 'free');
  });
});

/** Enough of what is counted in the end, however slow the machine is. */
function hasSome(acknowledged: readonly Acknowledgement[]): boolean {
  const count = (kind: Acknowledgement['kind']) =>
    acknowledged.filter((each) => each.kind === kind).length;
  return count('blob') >= 2 && count('slot') >= 2;
}

async function checkBlobs(store: FolderStore, acknowledged: readonly Acknowledgement[]) {
  const present = new Set<string>();
  for (const key of await keysOf(store, 'blobs/')) {
    const digest = key.slice('blobs/'.length);
    expect(sha256((await store.get(key))?.bytes ?? ''), 'none is half-written').toBe(digest);
    present.add(digest);
  }
  const promised = acknowledged.flatMap((each) => (each.kind === 'blob' ? [each.digest] : []));
  expect(promised.length).toBeGreaterThan(kills);
  for (const digest of promised) expect(present.has(digest as Digest), 'none is lost').toBe(true);
}

async function checkSlots(store: FolderStore, acknowledged: readonly Acknowledgement[]) {
  const winners = new Map<number, string>();
  for (const each of acknowledged) {
    if (each.kind !== 'slot') continue;
    expect(winners.has(each.slot), `slot ${each.slot} has one winner`).toBe(false);
    winners.set(each.slot, each.writer);
  }
  expect(winners.size).toBeGreaterThan(kills);
  for (const [slot, writer] of winners) expect(await textAt(store, `slots/${slot}`)).toBe(writer);
}

async function checkNumber(store: FolderStore, acknowledged: readonly Acknowledgement[]) {
  const values = acknowledged.flatMap((each) => (each.kind === 'number' ? [each.value] : []));
  expect(new Set(values).size, 'no value was written twice').toBe(values.length);
  expect(Number(await textAt(store, 'number'))).toBeGreaterThanOrEqual(Math.max(...values));
}

async function collect(child: Child, into: Acknowledgement[]): Promise<void> {
  for await (const line of linesOf(child)) {
    if (line.endsWith('}')) into.push(JSON.parse(line) as Acknowledgement);
  }
}

async function kill(child: Child): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  expect((await exited)[1], 'it was at work until it was killed').toBe('SIGKILL');
}

function highestSlot(acknowledged: readonly Acknowledgement[]): number {
  return Math.max(0, ...acknowledged.map((each) => (each.kind === 'slot' ? each.slot + 1 : 0)));
}

/** A fraction from the number of the kill: spread evenly, the same for the same seed. */
function fraction(killed: number): number {
  return ((killed + seed) * 0.618_033_988_749) % 1;
}
