import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import {
  checkpointStatement,
  encodeKeySet,
  type KeySet,
  signerOf,
  signStatement,
} from '@lethe/evidence';
import { FolderStore, type ObjectStore } from '@lethe/store';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit-event.ts';
import { AuditLog, type SignStatement } from './audit-log.ts';
import { checkpointKey, packKey, packSize, segmentKey } from './log-keys.ts';
import { verifyLog } from './verify-log.ts';

const now = new Date('2026-03-01T00:00:00.000Z');
const signer = signerOf(generateKeyPairSync('ed25519').privateKey);
const stranger = signerOf(generateKeyPairSync('ed25519').privateKey);
const keys: KeySet = new Map([
  [signer.keyId, { ...signer, notBefore: '2026-01-01T00:00:00.000Z' }],
]);
const sign: SignStatement = (make) => signStatement(make(now), signer);

interface Fixture extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly log: AuditLog;
  verify(kept?: Uint8Array): ReturnType<typeof verifyLog>;
  /** Changes a stored object behind the log's back. */
  rewrite(key: string, change: (text: string) => string): Promise<void>;
}

async function open(): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-audit-'));
  const store = await FolderStore.open(join(folder, 'store'));
  return {
    store,
    log: new AuditLog({ store, sign }),
    verify: (kept) => verifyLog({ store, keys, now, ...(kept === undefined ? {} : { kept }) }),
    async rewrite(key, change) {
      const text = Buffer.from((await store.get(key))!.bytes).toString();
      await store.put(key, Buffer.from(change(text)));
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function event(number: number, change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: `promotion/m1/${number}`,
    kind: 'promotion',
    time: new Date(now.getTime() + number),
    actor: 'registry',
    modelKey: 'm1',
    details: { sequence: number, weights_digest: sha256(`${number}`) },
    ...change,
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const events = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => event(from + at));

describe('AuditLog', () => {
  it('is empty, then holds what was appended, in order, and verifies', async () => {
    await using fixture = await open();
    expect(await fixture.verify()).toMatchObject({ kind: 'sound', point: { size: 0 } });
    await fixture.log.append(events(3));
    await fixture.log.append([event(3)]);
    const found = await all(fixture.log.entries());
    expect(found.map(({ index, details }) => [index, details['sequence']])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(found[1]).toMatchObject(event(1));
    expect(await fixture.verify()).toMatchObject({ kind: 'sound', point: { size: 4 } });
  });

  it('writes an event once, also when it is reported again after a restart', async () => {
    await using fixture = await open();
    await fixture.log.append([event(0), event(0), event(1)]);
    const restarted = new AuditLog({ store: fixture.store });
    expect(await restarted.append([event(0), event(2)])).toMatchObject({ size: 3 });
  });

  it('makes one chain of what many writers append at once', async () => {
    await using fixture = await open();
    const writers = Array.from({ length: 4 }, () => new AuditLog({ store: fixture.store }));
    await Promise.all(
      writers.flatMap((writer, at) =>
        Array.from({ length: 20 }, (_, round) => writer.append(events(3, at * 1_000 + round * 3))),
      ),
    );
    const found = await all(fixture.log.entries());
    expect(new Set(found.map(({ id }) => id)).size).toBe(240);
    expect(await fixture.verify()).toMatchObject({ kind: 'sound', point: { size: 240 } });
  });

  it('joins full packs, and reads on across them after a restart', async () => {
    await using fixture = await open();
    await fixture.log.append(events(packSize * 2 + 10));
    await fixture.log[Symbol.asyncDispose]();
    expect(await fixture.store.get(packKey(1))).toBeDefined();
    expect(await fixture.store.get(segmentKey(0))).toBeUndefined();
    const restarted = new AuditLog({ store: fixture.store });
    expect(await restarted.append([event(5), event(9_999)])).toMatchObject({
      size: packSize * 2 + 11,
    });
    expect(await fixture.verify()).toMatchObject({
      kind: 'sound',
      point: { size: packSize * 2 + 11 },
      checkpoints: 1,
    });
    const tail = await all(fixture.log.entries(packSize + 5));
    expect(tail[0]).toMatchObject({ index: packSize + 5 });
    expect(tail).toHaveLength(packSize + 6);
  });

  it('forgets nothing that a writer appended who slept while others filled the pack', async () => {
    await using fixture = await open();
    const sleeper = new AuditLog({ store: fixture.store });
    await sleeper.append([event(0)]);
    const put = fixture.store.put.bind(fixture.store);
    let slept = false;
    fixture.store.put = async (...args) => {
      if (!slept && args[0] === segmentKey(1)) {
        slept = true;
        await fixture.log.append(events(packSize, 10_000));
        await fixture.log[Symbol.asyncDispose]();
      }
      return put(...args);
    };
    await sleeper.append([event(1)]);
    const ids = (await all(fixture.log.entries())).map(({ id }) => id);
    expect(ids).toContain(event(1).id);
    expect(new Set(ids).size).toBe(packSize + 2);
    expect(await fixture.verify()).toMatchObject({ kind: 'sound' });
  });

  it('removes old packs and what was signed over them, says so, and can still be verified', async () => {
    await using fixture = await open();
    await fixture.log.append(events(7));
    const keptEarly = Buffer.from((await fixture.log.checkpoint())!.envelope);
    await fixture.log.append(events(packSize - 7, 7));
    const keptLate = Buffer.from((await fixture.log.checkpoint())!.envelope);
    await fixture.log.append(events(packSize + 1, packSize));
    await fixture.log[Symbol.asyncDispose]();
    const signed = async () => (await all(fixture.store.list('audit/checkpoints/'))).length;
    expect(await signed()).toBe(3);
    const before = new Date(now.getTime() + packSize + 5);
    expect(await fixture.log.prune(before, 'registry', now)).toBe(packSize);
    expect(await fixture.verify()).toMatchObject({
      kind: 'sound',
      first: packSize,
      checkpoints: 2,
    });
    expect(await signed()).toBe(2);
    expect(await fixture.verify(keptLate)).toMatchObject({ kind: 'sound' });
    // Whoever may write the log can also write that it was pruned: a checkpoint kept before shows it.
    expect(await fixture.verify(keptEarly)).toMatchObject({
      ...{ kind: 'truncated', index: packSize },
      explanation: expect.stringContaining('7 entries, was removed'),
    });
    expect(await fixture.log.prune(before, 'registry', now)).toBe(0);
  });
});

describe('verifyLog detects', () => {
  async function filled(): Promise<Fixture> {
    const fixture = await open();
    await fixture.log.append(events(packSize + 20));
    for (let number = 0; number < 5; number++) await fixture.log.append([event(5_000 + number)]);
    await fixture.log[Symbol.asyncDispose]();
    expect(await fixture.verify()).toMatchObject({ kind: 'sound' });
    return fixture;
  }
  const last = packSize + 24;

  it('an edited entry: old, recent, and the very last one', async () => {
    await using fixture = await filled();
    await fixture.rewrite(packKey(0), (text) => text.replace('"sequence":77}', '"sequence":78}'));
    await fixture.rewrite(packKey(0), (text) => text.replace('"sequence":77,', '"sequence":78,'));
    expect(await fixture.verify()).toMatchObject({ kind: 'edited', index: 77 });
    await using recent = await filled();
    await recent.rewrite(segmentKey(last - 1), (text) => text.replace('registry', 'somebody'));
    expect(await recent.verify()).toMatchObject({ kind: 'edited', index: last - 1 });
    await using end = await filled();
    await end.rewrite(segmentKey(last), (text) => text.replace('registry', 'somebody'));
    expect(await end.verify()).toMatchObject({ kind: 'edited', index: last });
  });

  it('entries that changed places', async () => {
    await using fixture = await filled();
    await fixture.rewrite(packKey(0), (text) => {
      const lines = text.split('\n');
      [lines[10], lines[11]] = [lines[11]!, lines[10]!];
      return lines.join('\n');
    });
    expect(await fixture.verify()).toMatchObject({ kind: 'reordered', index: 10 });
  });

  it('a log that was cut off: at its end, in the middle, at its beginning', async () => {
    await using fixture = await filled();
    await fixture.store.deleteAllVersions(segmentKey(last));
    expect(await fixture.verify()).toMatchObject({ kind: 'truncated', index: last });
    await using middle = await filled();
    await middle.store.deleteAllVersions(segmentKey(last - 2));
    expect(await middle.verify()).toMatchObject({ kind: 'truncated' });
    await middle.store.deleteAllVersions(checkpointKey(last + 1));
    expect(await middle.verify()).toMatchObject({ kind: 'gap', index: last - 2 });
    await using beginning = await filled();
    await beginning.store.deleteAllVersions(packKey(0));
    expect(await beginning.verify()).toMatchObject({
      kind: expect.stringMatching(/truncated|gap/),
    });
  });

  it('a beginning that was cut off with its checkpoints, which no entry owns up to', async () => {
    await using fixture = await open();
    await fixture.log.append(events(packSize));
    await fixture.log.checkpoint();
    await fixture.log.append(events(packSize + 1, packSize));
    await fixture.log[Symbol.asyncDispose]();
    await fixture.store.deleteAllVersions(packKey(0));
    await fixture.store.deleteAllVersions(checkpointKey(packSize));
    expect(await fixture.verify()).toMatchObject({
      ...{ kind: 'truncated', index: packSize },
      explanation: expect.stringContaining('no entry says that those before were pruned'),
    });
  });

  it('a cut that took the checkpoints along, by a checkpoint that was kept', async () => {
    await using fixture = await filled();
    const kept = (await fixture.store.get(checkpointKey(last + 1)))!.bytes;
    await fixture.store.deleteAllVersions(checkpointKey(last + 1));
    await fixture.store.deleteAllVersions(segmentKey(last));
    expect(await fixture.verify()).toMatchObject({ kind: 'sound' });
    expect(await fixture.verify(kept)).toMatchObject({ kind: 'truncated', index: last });
  });

  it('a history that was written anew, hashes and all', async () => {
    await using fixture = await filled();
    await using forged = await open();
    await forged.log.append(events(packSize + 25, 1));
    await forged.log[Symbol.asyncDispose]();
    for await (const { key } of fixture.store.list('audit/')) {
      if (!key.includes('checkpoints')) await fixture.store.deleteAllVersions(key);
    }
    for await (const { key } of forged.store.list('audit/')) {
      if (!key.includes('checkpoints')) {
        await fixture.store.put(key, (await forged.store.get(key))!.bytes);
      }
    }
    expect(await fixture.verify()).toMatchObject({ kind: 'edited', index: last });
  });

  it('a checkpoint that nobody trusted signed', async () => {
    await using fixture = await filled();
    const statement = checkpointStatement({ size: 5, head: sha256('x') }, now);
    await fixture.store.put(checkpointKey(5), Buffer.from(signStatement(statement, stranger)));
    expect(await fixture.verify()).toMatchObject({ kind: 'forged_checkpoint' });
    await fixture.store.put(checkpointKey(5), Buffer.from('{}'));
    expect(await fixture.verify()).toMatchObject({ kind: 'forged_checkpoint' });
  });

  it('a good checkpoint in the place of another', async () => {
    await using fixture = await filled();
    const { bytes } = (await fixture.store.get(checkpointKey(last + 1)))!;
    await fixture.store.put(checkpointKey(5), bytes);
    expect(await fixture.verify()).toMatchObject({
      kind: 'forged_checkpoint',
      explanation: expect.stringContaining(`it is that of ${last + 1} entries`),
    });
  });

  it('a pruned log whose last removed entry was another one than was signed', async () => {
    await using fixture = await open();
    await fixture.log.append(events(packSize));
    await fixture.log[Symbol.asyncDispose]();
    const statement = checkpointStatement({ size: packSize, head: sha256('x') }, now);
    await fixture.store.put(checkpointKey(packSize), Buffer.from(signStatement(statement, signer)));
    const later = new AuditLog({ store: fixture.store });
    await later.append(events(packSize, packSize));
    await later.prune(new Date(now.getTime() + packSize + 5), 'registry', now);
    expect(await fixture.verify()).toMatchObject({ kind: 'edited', index: packSize - 1 });
  });

  it('whose key it was that signed a checkpoint, where it is not a trusted one', async () => {
    await using fixture = await filled();
    const statement = checkpointStatement({ size: 5, head: sha256('x') }, now);
    await fixture.store.put(checkpointKey(5), Buffer.from(signStatement(statement, stranger)));
    const name = stranger.keyId.slice(0, 16);
    expect(await fixture.verify()).toMatchObject({
      explanation: expect.stringMatching(`key ${name} signed it.* no service publishes`),
    });
    const set = encodeKeySet([{ ...stranger, notBefore: '2026-01-01T00:00:00.000Z' }]);
    await fixture.store.put(`keysets/${stranger.keyId}.json`, Buffer.from(set));
    expect(await fixture.verify()).toMatchObject({
      explanation: expect.stringMatching(`${name}.*publishes .keysets/.*share one key folder`),
    });
  });
});
