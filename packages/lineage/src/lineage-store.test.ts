import {
  type Digest,
  EvaluationExclusion,
  LetheError,
  RoundManifest,
  ServingPointer,
  sha256,
  Verdict,
} from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import { openFixture } from '../test/fixture.ts';
import {
  decision,
  digestOf,
  modelKey,
  registration,
  round,
  weightsAfter,
} from '../test/records.ts';
import { manifestKey, policyKey } from './keys.ts';

const first = round({ sequence: 1 });
const rival = round({ sequence: 1, ladderStep: 1 });

function lost(): never {
  throw new LetheError('unavailable', 'the answer was lost');
}

function pointer(generation: number, sequence = generation): ServingPointer {
  return ServingPointer.fromPartial({
    modelKey,
    generation,
    sequence,
    weightsDigest: weightsAfter(sequence),
  });
}

describe('a registration', () => {
  test('is written once; the same again is a success, another a conflict', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    expect(await lineages.registration(modelKey)).toBeUndefined();
    const digest = await lineages.register(registration);
    expect(await lineages.register(registration)).toBe(digest);
    expect(await lineages.registration(modelKey)).toEqual({ record: registration, digest });
    await expect(lineages.register({ ...registration, classCount: 3 })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(modelKey),
    });
    expect((await lineages.registration(modelKey))?.record.classCount).toBe(10);
  });

  test('of a model whose weights are not stored is refused by their name', async () => {
    await using fixture = await openFixture();
    const missing = weightsAfter(99);
    await expect(
      fixture.lineages.register({ ...registration, weightsDigest: missing }),
    ).rejects.toMatchObject({ code: 'precondition', message: expect.stringContaining(missing) });
    expect(await fixture.lineages.models()).toEqual([]);
  });

  test('makes the model appear in the list, whatever else is stored', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    for (const key of ['b', 'a.1', 'a', 'a-1', 'z']) {
      await lineages.register({ ...registration, modelKey: key });
      await lineages.commitManifest({ ...first, modelKey: key });
    }
    await lineages.commitManifest({ ...first, modelKey: 'unregistered' });
    expect(await lineages.models()).toEqual(['a', 'a-1', 'a.1', 'b', 'z']);
  });
});

describe('a manifest', () => {
  test('is committed by one of many; the others learn whose it is', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    const rivals = Array.from({ length: 8 }, (_, ladderStep) => round({ sequence: 1, ladderStep }));
    const outcomes = await Promise.all(rivals.map((each) => lineages.commitManifest(each)));
    const winner = outcomes.findIndex(({ kind }) => kind === 'committed');
    const digest = digestOf(rivals[winner] as RoundManifest);
    expect(outcomes.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
    expect(new Set(outcomes.map((outcome) => outcome.digest))).toEqual(new Set([digest]));
    expect(await lineages.manifest(modelKey, 1)).toEqual({ record: rivals[winner], digest });
  });

  test('that was committed before is committed', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    const outcome = { kind: 'committed', digest: digestOf(first) };
    expect(await lineages.commitManifest(first)).toEqual(outcome);
    expect(await lineages.commitManifest(first)).toEqual(outcome);
  });

  test('whose answer was lost is read back: committed when it is there', async () => {
    await using fixture = await openFixture();
    fixture.store.afterPut = async () => lost();
    const outcome = await fixture.lineages.commitManifest(first);
    expect(outcome).toEqual({ kind: 'committed', digest: digestOf(first) });
  });

  test('whose answer was lost is taken when another one is there', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    await lineages.commitManifest(rival);
    store.beforePut = lost;
    const outcome = await lineages.commitManifest(first);
    expect(outcome).toEqual({ kind: 'taken', digest: digestOf(rival) });
  });

  test('whose outcome stays unknown can be committed again', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    store.beforePut = lost;
    await expect(lineages.commitManifest(first)).rejects.toMatchObject({ code: 'unavailable' });
    store.beforePut = () => {};
    store.afterPut = async () => lost();
    store.beforeGet = lost;
    await expect(lineages.commitManifest(first)).rejects.toMatchObject({ code: 'unavailable' });
    store.afterPut = async () => {};
    store.beforeGet = () => {};
    expect(await lineages.commitManifest(first)).toMatchObject({ kind: 'committed' });
  });

  test('fails at once on anything but an unknown outcome', async () => {
    await using fixture = await openFixture();
    fixture.store.beforePut = () => {
      throw new LetheError('capacity', 'the disk is full');
    };
    await expect(fixture.lineages.commitManifest(first)).rejects.toMatchObject({
      code: 'capacity',
    });
  });

  test('is refused while its weights or state are not stored', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    await expect(lineages.commitManifest(round({ sequence: 7 }))).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(weightsAfter(7)),
    });
    expect(await lineages.manifest(modelKey, 7)).toBeUndefined();
  });

  test('that was altered by hand, or moved, is corrupt by its key', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    const key = manifestKey(modelKey, 2);
    await store.put(key, new TextEncoder().encode('{"sequence":'));
    const error = { code: 'corrupt', message: expect.stringContaining(key) };
    await expect(lineages.manifest(modelKey, 2)).rejects.toMatchObject(error);
    await store.put(key, new TextEncoder().encode(JSON.stringify(RoundManifest.toJSON(first))));
    await expect(lineages.manifest(modelKey, 2)).rejects.toMatchObject(error);
  });
});

test('verdicts and decisions are written once, like manifests', async () => {
  await using fixture = await openFixture();
  const { lineages } = fixture;
  const verdict = Verdict.fromPartial({ modelKey, sequence: 1, manifestDigest: digestOf(first) });
  const put = await lineages.putVerdict(verdict);
  expect(put.kind).toBe('committed');
  expect(await lineages.putVerdict({ ...verdict, policyDigest: 'x' })).toEqual({
    kind: 'taken',
    digest: put.digest,
  });
  expect(await lineages.verdict(modelKey, 1)).toEqual({ record: verdict, digest: put.digest });
  expect(await lineages.verdict(modelKey, 2)).toBeUndefined();

  const refused = await lineages.putDecision(decision(first, false));
  expect(await lineages.putDecision(decision(first, true))).toEqual({
    kind: 'taken',
    digest: refused.digest,
  });
  expect((await lineages.decision(modelKey, 1))?.record.promoted).toBe(false);
});

test('a policy is read back by the digest in verdicts, and another text under its name is none', async () => {
  await using fixture = await openFixture();
  const { lineages } = fixture;
  const text = '{"name":"strict"}';
  await lineages.keepPolicy(modelKey, text);
  await lineages.keepPolicy(modelKey, text);
  expect(await lineages.policy(modelKey, sha256(text))).toBe(text);
  expect(await lineages.policy(modelKey, sha256('another'))).toBeUndefined();
  const key = policyKey(modelKey, sha256('another'));
  await lineages.store.put(key, Buffer.from(text), { kind: 'if-absent' });
  await expect(lineages.policy(modelKey, sha256('another'))).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining(key),
  });
});

describe('the serving pointer', () => {
  test('moves from the version that was read, and only from that', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    expect(await lineages.serving(modelKey)).toBeUndefined();
    const start = await lineages.moveServing(pointer(0), undefined);
    expect(start.kind).toBe('moved');
    const serving = await lineages.serving(modelKey);
    expect(serving?.pointer).toEqual(pointer(0));
    expect(await lineages.moveServing(pointer(9), undefined)).toEqual({ kind: 'conflict' });
    expect(await lineages.moveServing(pointer(1), serving?.etag)).toMatchObject({ kind: 'moved' });
    expect(await lineages.moveServing(pointer(2), serving?.etag)).toEqual({ kind: 'conflict' });
    expect((await lineages.serving(modelKey))?.pointer).toEqual(pointer(1));
  });

  test('is moved by one of 32', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    await lineages.moveServing(pointer(0), undefined);
    const etag = (await lineages.serving(modelKey))?.etag;
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, (_, racer) => lineages.moveServing(pointer(1, racer), etag)),
    );
    const winners = outcomes.flatMap(({ kind }, racer) => (kind === 'moved' ? [racer] : []));
    expect(winners).toHaveLength(1);
    expect((await lineages.serving(modelKey))?.pointer.sequence).toBe(winners[0]);
  });

  test('whose answer was lost has moved when it is where it should be', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    store.afterPut = async () => lost();
    const start = await lineages.moveServing(pointer(0), undefined);
    expect(start.kind).toBe('moved');
    const etag = start.kind === 'moved' ? start.etag : '';
    const moved = await lineages.moveServing(pointer(1), etag);
    expect(moved.kind).toBe('moved');
    // The same once more, as after a crash: its condition no longer holds, its bytes are there.
    store.afterPut = async () => {};
    expect(await lineages.moveServing(pointer(1), etag)).toEqual(moved);
  });

  test('whose answer was lost is a conflict when somebody else moved it', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    await lineages.moveServing(pointer(0), undefined);
    const etag = (await lineages.serving(modelKey))?.etag;
    await lineages.moveServing(pointer(1), etag);
    store.beforePut = lost;
    expect(await lineages.moveServing(pointer(2), etag)).toEqual({ kind: 'conflict' });
  });

  test('whose outcome stays unknown may be moved again', async () => {
    await using fixture = await openFixture();
    const { lineages, store } = fixture;
    await lineages.moveServing(pointer(0), undefined);
    const etag = (await lineages.serving(modelKey))?.etag;
    store.beforePut = lost;
    const error = { code: 'unavailable' };
    await expect(lineages.moveServing(pointer(1), etag)).rejects.toMatchObject(error);
    store.beforePut = () => {};
    expect(await lineages.moveServing(pointer(1), etag)).toMatchObject({ kind: 'moved' });
  });
});

test('the digest of a record is that of its stored bytes', async () => {
  await using fixture = await openFixture();
  const { lineages, store } = fixture;
  const { digest } = await lineages.commitManifest(first);
  const key = manifestKey(modelKey, 1);
  const { createHash } = await import('node:crypto');
  const bytes = (await store.get(key))?.bytes ?? new Uint8Array();
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest satisfies Digest);
});

describe('an exclusion', () => {
  const exclusion = (requestDigest: string, rows: number[]) =>
    EvaluationExclusion.fromPartial({ modelKey, requestDigest, rows, excludedTime: new Date(0) });

  test('is written once for a request, and what is excluded only grows', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    expect([...(await lineages.excludedRows(modelKey))]).toEqual([]);
    await lineages.putExclusion(exclusion('a', [7, 3]));
    await lineages.putExclusion({ ...exclusion('a', [7, 3]), excludedTime: new Date(5) });
    expect([...(await lineages.excludedRows(modelKey))]).toEqual([3, 7]);
    await lineages.putExclusion(exclusion('b', [3, 11]));
    expect([...(await lineages.excludedRows(modelKey))]).toEqual([3, 7, 11]);
    expect([...(await lineages.excludedRows('other'))]).toEqual([]);
  });
});
