import { RoundManifest } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import { openFixture } from '../test/fixture.ts';
import { decision, modelKey, part, registration, request, round } from '../test/records.ts';
import { lastRollback, newestSequence, progressOf, readLogEnd } from './log-end.ts';

const first = request('first', [1]);
const second = request('second', [2]);
const third = request('third', [3]);

function entry(sequence: number, made: object): RoundManifest {
  return RoundManifest.fromPartial({ modelKey, sequence, entry: made as never });
}

/** Two promotions, back to the first, a refusal, and requests that end otherwise. */
const log = [
  [round({ sequence: 1, parts: [part(first)] }), true],
  [round({ sequence: 2, parent: 1, parts: [part(second)] }), true],
  [
    entry(3, {
      $case: 'rollback',
      value: {
        parentSequence: 2,
        targetSequence: 1,
        generation: 4,
        reopened: [{ request: second, rowsDone: [] }],
      },
    }),
  ],
  [round({ sequence: 4, parent: 1, parts: [part(second)] }), false],
  [
    entry(5, {
      $case: 'withdrawal',
      value: { parentSequence: 1, emitter: 'shop', requestId: 'second', kind: 'denied' },
    }),
  ],
  [
    entry(6, {
      $case: 'duplicates',
      value: { parentSequence: 1, requests: [{ request: third, followsRequestId: 'first' }] },
    }),
  ],
] as const;

async function openLog(length: number) {
  const fixture = await openFixture();
  await fixture.lineages.register(registration);
  for (const [manifest, promoted] of log.slice(0, length)) {
    await fixture.lineages.commitManifest(manifest);
    if (promoted !== undefined) await fixture.lineages.putDecision(decision(manifest, promoted));
  }
  return fixture;
}

describe('the end of a log', () => {
  test('tells where the next entry starts from, after whatever came last', async () => {
    for (const [length, headSequence] of [0, 1, 2, 1, 1, 1, 1].entries()) {
      await using fixture = await openLog(length);
      const end = await readLogEnd(fixture.lineages, modelKey);
      expect(end).toEqual({ nextSequence: length + 1, headSequence, inFlight: undefined });
    }
  });

  test('tells where a request stands that was reopened, withdrawn, or a duplicate', async () => {
    for (const [length, ...kinds] of [
      [2, 'completed', 'completed', 'unknown'],
      [3, 'completed', 'open', 'unknown'],
      [4, 'completed', 'open', 'unknown'],
      [5, 'completed', 'withdrawn', 'unknown'],
      [6, 'completed', 'withdrawn', 'duplicate'],
    ] as const) {
      await using fixture = await openLog(length);
      const { lineages } = fixture;
      const end = await readLogEnd(lineages, modelKey);
      const asked = [first, second, third].map((each) =>
        progressOf(lineages, modelKey, end, each, undefined),
      );
      expect(await Promise.all(asked)).toEqual(kinds);
    }
  });

  test('knows of a rollback until something is promoted after it', async () => {
    await using fixture = await openLog(6);
    const { lineages } = fixture;
    const end = await readLogEnd(lineages, modelKey);
    expect(await lastRollback(lineages, modelKey, end)).toMatchObject({
      sequence: 3,
      rollback: { generation: 4 },
    });
    for (const name of ['weights 7', 'state 7']) await lineages.blobs.put(Buffer.from(name));
    const next = round({ sequence: 7, parent: 1 });
    await lineages.commitManifest({ ...next, createdTime: new Date() });
    expect((await readLogEnd(lineages, modelKey)).inFlight).toBe(7);
    await lineages.putDecision(decision(next, true));
    const after = await readLogEnd(lineages, modelKey);
    expect(await lastRollback(lineages, modelKey, after)).toBeUndefined();
  });

  test('tells of a request whose rounds were made before it was taken in, by clocks that differ', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    await lineages.register(registration);
    const accepted = new Date('2026-03-01T12:00:00Z');
    const createdTime = new Date('2026-03-01T10:00:00Z');
    for (const manifest of [
      round({ sequence: 1, parts: [part(first)] }),
      round({ sequence: 2, parent: 1, parts: [part(second)] }),
    ]) {
      await lineages.commitManifest({ ...manifest, createdTime });
      await lineages.putDecision(decision(manifest, true));
    }
    const end = await readLogEnd(lineages, modelKey);
    expect(await progressOf(lineages, modelKey, end, first, accepted)).toBe('completed');
  });

  test('is read no further back than a request was taken in', async () => {
    await using fixture = await openFixture();
    const { lineages } = fixture;
    await lineages.register(registration);
    const read: number[] = [];
    const manifest = lineages.manifest.bind(lineages);
    lineages.manifest = async (key, sequence) => {
      read.push(sequence);
      const stored = await manifest(key, 1);
      const createdTime = new Date(Date.UTC(2026, 0, sequence));
      return sequence > 200
        ? undefined
        : stored && { ...stored, record: { ...stored.record, sequence, createdTime } };
    };
    await lineages.commitManifest(round({ sequence: 1, parts: [part(first)] }));
    const end = await readLogEnd(lineages, modelKey);
    expect(end.nextSequence).toBe(201);
    expect(read.length).toBeLessThan(20);
    read.length = 0;
    const accepted = new Date(Date.UTC(2026, 0, 190));
    expect(await progressOf(lineages, modelKey, end, third, accepted)).toBe('unknown');
    expect(Math.min(...read)).toBeGreaterThan(160);
  });
});

test('the newest sequence is found from any that is there', async () => {
  await using fixture = await openLog(6);
  for (const from of [0, 1, 5, 6]) {
    expect(await newestSequence(fixture.lineages, modelKey, from)).toBe(6);
  }
});
