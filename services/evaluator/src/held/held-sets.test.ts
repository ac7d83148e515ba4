import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { FolderStore } from '@lethe/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeHeldKey, readHeldKey } from './held-key-file.ts';
import { HeldSets } from './held-sets.ts';
import { parseHeldKey, seal, unseal } from './seal.ts';

const key = parseHeldKey(new Uint8Array(32).fill(7));
const set = {
  sequence: 3,
  values: Float32Array.of(0.25, -1, 1e-6, 4),
  labels: Int32Array.of(1, 0),
};
const later = new Date('2026-03-01T00:00:00Z');

let folder: string;
let store: FolderStore;
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-held-'));
  store = await FolderStore.open(join(folder, 'store'));
  clock = new ManualClock(new Date('2026-02-01T00:00:00Z'));
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function heldWith(heldKey: typeof key | undefined, log = silentLog): HeldSets {
  return new HeldSets({ store, key: heldKey, clock, log });
}

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const object of store.list(prefix)) found.push(object.key);
  return found;
}

const kept = async () => false;

test('a held set comes back as it was', async () => {
  const held = heldWith(key);
  await held.hold('tiny', set, later);
  const [place] = await held.list('tiny');
  expect(place).toMatchObject({ sequence: 3, sampleCount: 2, expires: later });
  if (place === undefined) throw new Error('nothing is held');
  expect(await held.read(place)).toEqual(set);
});

test('what lies in the store gives no sample away, and another key does not open it', async () => {
  await heldWith(key).hold('tiny', set, later);
  const [name] = await keys('models/tiny/held/');
  const stored = await store.get(name ?? '');
  const bytes = Buffer.from(stored?.bytes ?? []);
  for (const value of set.values) {
    const plain = Buffer.alloc(4);
    plain.writeFloatLE(value);
    expect(bytes.includes(plain)).toBe(false);
  }
  const other = heldWith(parseHeldKey(new Uint8Array(32).fill(8)));
  const [place] = await other.list('tiny');
  if (place === undefined) throw new Error('nothing is held');
  await expect(other.read(place)).rejects.toMatchObject({ code: 'precondition' });
});

test('without a key, or past its deadline, nothing is held', async () => {
  await heldWith(undefined).hold('tiny', set, later);
  await heldWith(key).hold('tiny', set, new Date('2026-01-31T00:00:00Z'));
  expect(await keys('models/tiny/held/')).toEqual([]);
});

test('what is held already stays as it is', async () => {
  const held = heldWith(key);
  await held.hold('tiny', set, later);
  const [name] = await keys('models/tiny/held/');
  const before = await store.get(name ?? '');
  await held.hold('tiny', set, later);
  expect((await store.get(name ?? ''))?.etag).toBe(before?.etag);
});

describe('sweeping', () => {
  test('deletes what has expired, notes it, and logs it without a sample', async () => {
    const lines: unknown[] = [];
    const log = { ...silentLog, info: (...line: unknown[]) => void lines.push(line) };
    const held = heldWith(key, log);
    await held.hold('tiny', set, later);
    expect(await held.sweep('tiny', kept)).toBe(0);
    clock.advance(29 * 24 * 3600 * 1000);
    expect(await held.list('tiny')).toEqual([]);
    expect(await held.sweep('tiny', kept)).toBe(1);
    expect(await keys('models/tiny/held/')).toEqual([]);
    const note = await store.get('models/tiny/held-deleted/0000000003.json');
    expect(JSON.parse(Buffer.from(note?.bytes ?? []).toString())).toEqual({
      modelKey: 'tiny',
      sequence: 3,
      sampleCount: 2,
      reason: 'expired',
      deletedTime: '2026-03-02T00:00:00.000Z',
    });
    expect(lines).toEqual([
      [
        'a held forget set was deleted',
        { model: 'tiny', sequence: 3, sampleCount: 2, reason: 'expired' },
      ],
    ]);
  });

  test('deletes what a refused round held', async () => {
    const held = heldWith(key);
    await held.hold('tiny', set, later);
    expect(await held.sweep('tiny', async (sequence) => sequence === 3)).toBe(1);
    expect(await held.list('tiny')).toEqual([]);
  });
});

describe('keys', () => {
  test('are 32 bytes or 64 hexadecimal digits, nothing else', () => {
    expect(parseHeldKey(Buffer.from(`${'ab'.repeat(32)}\n`)).length).toBe(32);
    for (const bad of ['', 'secret', 'zz'.repeat(32)]) {
      expect(() => parseHeldKey(Buffer.from(bad))).toThrow(/256-bit key/);
    }
  });

  test('are made once, for one user', async () => {
    const file = join(folder, 'keys', 'held.key');
    const made = await makeHeldKey(file);
    expect(await makeHeldKey(file)).toEqual(made);
    expect(await readHeldKey(file)).toEqual(made);
    await expect(readHeldKey(join(folder, 'none'))).rejects.toMatchObject({ code: 'precondition' });
  });

  test('sealed bytes cannot be moved to another place or changed', () => {
    const sealed = seal(key, Buffer.from('samples'), 'models/a');
    expect(Buffer.from(unseal(key, sealed, 'models/a')).toString()).toBe('samples');
    expect(() => unseal(key, sealed, 'models/b')).toThrow(/cannot be opened/);
    sealed[20] = (sealed[20] ?? 0) ^ 1;
    expect(() => unseal(key, sealed, 'models/a')).toThrow(/cannot be opened/);
    expect(() => unseal(key, new Uint8Array(4), 'models/a')).toThrow(/cannot be opened/);
  });
});
