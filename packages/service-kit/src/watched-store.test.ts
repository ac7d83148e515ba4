import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { FolderStore, type ObjectStore } from '@lethe/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitConformance } from './await-conformance.ts';
import { silentLog } from './log/log.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { WatchedStore } from './watched-store.ts';

let folder: string;
let inner: FolderStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-watched-'));
  inner = await FolderStore.open(join(folder, 'store'));
});
afterEach(async () => {
  await inner[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const x = new Uint8Array([1]);

/** A store whose reads and writes fail while `fault` says how. */
function faulty(fault: {
  read?: LetheError | undefined;
  write?: LetheError | undefined;
}): ObjectStore {
  const or = <T>(error: LetheError | undefined, work: () => Promise<T>): Promise<T> =>
    error === undefined ? work() : Promise.reject(error);
  return {
    get: (key) => or(fault.read, () => inner.get(key)),
    download: (key, file) => or(fault.read, () => inner.download(key, file)),
    put: (key, body, condition) => or(fault.write, () => inner.put(key, body, condition)),
    deleteAllVersions: (key) => or(fault.write, () => inner.deleteAllVersions(key)),
    async *list(prefix, options) {
      if (fault.read !== undefined) throw fault.read;
      yield* inner.list(prefix, options);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const down = new LetheError('unavailable', 'nothing listens there');
const full = new LetheError('capacity', 'its disks are full');

describe('a watched store', () => {
  it('says what is wrong, and that it is over, also when nobody asks it for anything', async () => {
    const fault: { read?: LetheError | undefined } = {};
    await using store = new WatchedStore(faulty(fault), 20);
    expect(store.interruption()).toBeUndefined();
    fault.read = down;
    await expect.poll(() => store.interruption()?.message).toBe('nothing listens there');
    fault.read = undefined;
    await expect.poll(() => store.interruption()).toBeUndefined();
  });

  it('stays in trouble while it is full, though it can be read', async () => {
    const fault: { write?: LetheError | undefined } = { write: full };
    await using store = new WatchedStore(faulty(fault), 20);
    await expect(store.put('a', x)).rejects.toBe(full);
    await store.get('a');
    for await (const _ of store.list(''));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(store.interruption()).toBe(full);
    fault.write = undefined;
    await expect.poll(() => store.interruption()).toBeUndefined();
  });

  it('takes a bad key, or an object that is damaged, for no trouble of the store', async () => {
    await using store = new WatchedStore(faulty({ read: new LetheError('invalid', 'bad key') }));
    await expect(store.get('//')).rejects.toThrow('bad key');
    expect(store.interruption()).toBeUndefined();
  });
});

describe('the start of a service', () => {
  const controller = new AbortController();
  const options = (clock: ManualClock) => ({ log: silentLog, clock, signal: controller.signal });

  it('waits for a store that is down, and goes on when it is there', async () => {
    const fault: { write?: LetheError | undefined } = { write: down };
    const clock = new ManualClock(new Date());
    const waiting = awaitConformance(faulty(fault), options(clock));
    await expect.poll(() => clock.sleeping).toBe(1);
    clock.advance(10_000);
    await expect.poll(() => clock.sleeping).toBe(1);
    fault.write = undefined;
    clock.advance(10_000);
    await waiting;
  });

  it('does not wait for a store that denies access, or honours no conditions', async () => {
    const denied = new LetheError('precondition', 'it denies access');
    const clock = new ManualClock(new Date());
    await expect(awaitConformance(faulty({ write: denied }), options(clock))).rejects.toBe(denied);
    const careless: ObjectStore = { ...faulty({}), put: (key, body) => inner.put(key, body) };
    await expect(awaitConformance(careless, options(clock))).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('cannot be relied on'),
    });
  });
});
