import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog, type SignStatement } from '@lethe/audit-log';
import { encodeRecord, LetheError, ServingPointer, sha256 } from '@lethe/contracts';
import { encodeKeySet, KeyRing, publishKeySet, signStatement } from '@lethe/evidence';
import { manifestKey, servingKey, verdictKey } from '@lethe/lineage';
import { storeWith } from '@lethe/service-kit/testing';
import { FolderStore, type ObjectStore } from '@lethe/store';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../main.ts';
import { BackupFolder } from './backup-folder.ts';
import { drill } from './drill.ts';
import { parseSnapshot } from './snapshot.ts';
import { type BackupSource, takeBackup } from './take-backup.ts';

const root = mkdtempSync(join(tmpdir(), 'lethe-backup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let run = 0;
let folder = '';
beforeEach(() => {
  folder = join(root, String(run++));
  mkdirSync(folder);
});

const bytes = (text: string) => Buffer.from(text);
const blob = (text: string) => `blobs/${sha256(bytes(text))}`;
const source: BackupSource = { kind: 'store', address: 's', index: undefined, keys: undefined };

const pointer = (sequence: number) =>
  encodeRecord(ServingPointer, ServingPointer.fromPartial({ modelKey: 'm', sequence }));

async function openStore(): Promise<FolderStore> {
  const store = await FolderStore.open(join(folder, 'store'));
  await store.put(blob('weights'), bytes('weights'));
  await store.put(manifestKey('m', 1), bytes('manifest'));
  await store.put(verdictKey('m', 1), bytes('verdict'));
  await store.put(servingKey('m'), pointer(1));
  return store;
}

async function back(store: ObjectStore, second = 0) {
  using backup = BackupFolder.toWrite(join(folder, 'backup'));
  return await takeBackup({
    source,
    store,
    backup,
    now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, second)),
    onProgress: () => {},
  });
}

const namesOf = ({ entries }: { entries: readonly { name: string }[] }) =>
  entries.map(({ name }) => name);

describe('a backup', () => {
  it('holds every object once, and copies only what is new the next time', async () => {
    await using store = await openStore();
    await back(store);
    await store.put(blob('more'), bytes('more'));
    const downloaded: string[] = [];
    const watched = storeWith(store, {
      download: async (key, file) => {
        downloaded.push(key);
        return await store.download(key, file);
      },
    });
    const second = await back(watched, 1);
    expect(downloaded).toEqual([blob('more')]);
    expect(second.entries).toHaveLength(5);
  });

  it('lists what serves only with the records that it leads to', async () => {
    await using store = await openStore();
    let moved = false;
    const racing = storeWith(store, {
      download: async (key, file) => {
        // The pointer moves after its records were listed.
        if (key === servingKey('m') && !moved) {
          moved = true;
          await store.put(manifestKey('m', 2), bytes('manifest 2'));
          await store.put(verdictKey('m', 2), bytes('verdict 2'));
          await store.put(servingKey('m'), pointer(2));
        }
        return await store.download(key, file);
      },
    });
    const names = namesOf(await back(racing));
    expect(names).toContain(manifestKey('m', 2));
    expect(names).toContain(verdictKey('m', 2));
  });

  it('leaves out what is purged while it runs', async () => {
    await using store = await openStore();
    const purging = storeWith(store, {
      download: async (key, file) => !key.startsWith('blobs/') && (await store.download(key, file)),
    });
    expect(namesOf(await back(purging))).not.toContain(blob('weights'));
  });

  it('has no list until it is whole; the next run goes on with what was copied', async () => {
    await using store = await openStore();
    const full = storeWith(store, {
      download: async (key, file) => {
        if (key === verdictKey('m', 1))
          throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        return await store.download(key, file);
      },
    });
    const failed = await back(full).catch((thrown) => LetheError.from(thrown).code);
    expect(failed).toBe('capacity');
    expect(() => BackupFolder.toRead(join(folder, 'backup'))).toThrowError(/no finished backup/);
    writeFileSync(join(folder, 'backup', 'tmp', 'half'), 'written');
    expect((await back(store, 1)).entries).toHaveLength(4);
    expect(readdirSync(join(folder, 'backup', 'tmp'))).toEqual([]);
  });

  it('refuses a store whose bytes are damaged', async () => {
    await using store = await openStore();
    await store.put(blob('other'), bytes('not that'));
    await expect(back(store)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('is pruned to the latest snapshots and what they name', async () => {
    await using store = await openStore();
    await back(store, 0);
    await store.deleteAllVersions(blob('weights'));
    await back(store, 1);
    using backup = BackupFolder.toWrite(join(folder, 'backup'));
    expect(existsSync(backup.pathOf(sha256(bytes('weights'))))).toBe(true);
    expect(backup.prune(1)).toEqual({ snapshots: 1, objects: 1 });
    expect(existsSync(backup.pathOf(sha256(bytes('weights'))))).toBe(false);
    expect(backup.read().entries).toHaveLength(3);
  });

  it('is made by one process at a time, in no folder of other things', async () => {
    using _ = BackupFolder.toWrite(join(folder, 'backup'));
    expect(() => BackupFolder.toWrite(join(folder, 'backup'))).toThrowError(/another process/);
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    expect(() => BackupFolder.toWrite(folder)).toThrowError(/holds other files/);
  });
});

describe('a list', () => {
  const head = '{"format":1,"lethe":"0.1.0","kind":"store"}';
  const entry = (name: string) =>
    `{"kind":"object","name":"${name}","sha256":"${'0'.repeat(64)}","sizeBytes":1}`;

  it.each([
    [
      'that a newer Lethe wrote',
      '{"format":2,"lethe":"9.0.0"}\n{"end":0}\n',
      /Lethe 9\.0\.0 in format 2/,
    ],
    ['that is cut off', `${head}\n${entry('a')}\n`, /is cut off/],
    ['of another length', `${head}\n${entry('a')}\n{"end":2}\n`, /is cut off/],
    ['that is no JSON', 'hello\n', /is damaged/],
    ['of something else', '{}\n', /no list of a backup/],
    [
      'that leads out of the folder',
      `${head}\n${entry('../x')}\n{"end":1}\n`,
      /something odd: \.\.\/x/,
    ],
    ['with an absolute path', `${head}\n${entry('/etc/x')}\n{"end":1}\n`, /something odd/],
  ])('%s is refused', (_, text, message) => {
    expect(() => parseSnapshot(text, 'f')).toThrowError(message);
  });
});

describe('lethe restore', () => {
  const quiet = async (...args: string[]) => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      return await main([...args, '--json']);
    } finally {
      out.mockRestore();
      err.mockRestore();
    }
  };

  it('brings an object store back, and never overwrites', async () => {
    await using store = await openStore();
    await back(store);
    const backup = join(folder, 'backup');
    const to = ['--store', `folder:${join(folder, 'restored')}`];
    expect(await quiet('restore', backup, ...to)).toBe(0);
    expect(await quiet('restore', backup, ...to)).toBe(0);
    {
      await using restored = await FolderStore.open(join(folder, 'restored'));
      const found = await restored.get(servingKey('m'));
      expect(sha256(found?.bytes ?? bytes(''))).toBe(sha256(pointer(1)));
      await restored.put(servingKey('m'), pointer(7));
    }
    expect(await quiet('restore', backup, ...to)).toBe(4);
    expect(await quiet('restore', backup)).toBe(2);
    expect(await quiet('restore', backup, '--snapshot', 'x', ...to)).toBe(3);
    expect(await quiet('restore', join(folder, 'none'), ...to)).toBe(3);
  });

  it('writes nothing when one byte of the backup is wrong', async () => {
    await using store = await openStore();
    await back(store);
    using backup = BackupFolder.toWrite(join(folder, 'backup'));
    const file = backup.pathOf(sha256(bytes('weights')));
    writeFileSync(file, readFileSync(file, 'utf8').replace('w', 'W'));
    const to = join(folder, 'restored');
    expect(await quiet('restore', join(folder, 'backup'), '--store', `folder:${to}`)).toBe(1);
    expect(existsSync(to)).toBe(false);
  });
});

it('says of a drill whose keys are missing in the backup', async () => {
  const now = new Date('2026-01-01T00:00:00Z');
  await using store = await FolderStore.open(join(folder, 'store'));
  const registry = KeyRing.open(join(folder, 'registry-keys'), now);
  const sign: SignStatement = (make) => signStatement(make(now), registry.signer(now));
  const log = new AuditLog({ store, sign });
  const details = { count: 1 };
  const kind = 'access_refused' as const;
  await log.append([{ id: 'a', kind, time: now, actor: 'registry', modelKey: '', details }]);
  await log[Symbol.asyncDispose]();
  await publishKeySet(store, registry);
  KeyRing.open(join(folder, 'keys'), now);
  await expect(drill([], store, folder, now)).rejects.toMatchObject({
    message: expect.stringMatching(
      `key ${registry.signer(now).keyId.slice(0, 16)} signed it.*publishes.*Back up the key folder of the registry`,
    ),
  });
  writeFileSync(join(folder, 'keys', 'key-set.json'), encodeKeySet(registry.keys().values()));
  expect(await drill([], store, folder, now)).toMatchObject({ auditEntries: 1 });
});
