import { DeletionRequested, RoundManifest } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import {
  decision,
  digestOf,
  modelKey,
  part,
  registration,
  request,
  round,
  stateAfter,
  weightsAfter,
} from '../test/records.ts';
import { foldLineage, LineageFold } from './fold.ts';
import { scopeOfRequest } from './request-scope.ts';

describe('a log that is rolled back', () => {
  const first = request('first', [1, 2]);
  const second = request('second', [3]);
  const promoted: RoundManifest[] = [
    round({ sequence: 1, parts: [part(first, [1], false)] }),
    round({ sequence: 2, parent: 1, parts: [part(first, [2]), part(second)] }),
  ];
  const entries = promoted.map((manifest) => ({
    manifest,
    digest: digestOf(manifest),
    decision: decision(manifest, true),
  }));

  function rollback(change: object = {}): RoundManifest {
    return RoundManifest.fromPartial({
      modelKey,
      sequence: 3,
      entry: {
        $case: 'rollback',
        value: {
          parentSequence: 2,
          targetSequence: 1,
          targetWeightsDigest: weightsAfter(1),
          targetStateDigest: stateAfter(1),
          targetManifestDigest: digestOf(promoted[0]!),
          generation: 4,
          reopened: [
            { request: first, rowsDone: [1] },
            { request: second, rowsDone: [] },
          ],
          ...change,
        },
      },
    });
  }

  it('starts from the target, with the requests open that it has not forgotten', () => {
    const manifest = rollback();
    const state = foldLineage(registration, [...entries, { manifest, digest: digestOf(manifest) }]);
    expect(state.head).toMatchObject({ sequence: 1, weightsDigest: weightsAfter(1) });
    expect(state.rollbackGeneration).toBe(4);
    expect(state.completedCount).toBe(0);
    expect([...state.openRequests.values()].map(({ rowsDone }) => [...rowsDone])).toEqual([
      [1],
      [],
    ]);
  });

  it('refuses a rollback from another head, or of a request that nobody knows', () => {
    for (const [change, text] of [
      [{ parentSequence: 1 }, /starts from 1, but 2/],
      [{ reopened: [{ request: request('third', [9]), rowsDone: [] }] }, /which is unknown/],
    ] as const) {
      const manifest = rollback(change);
      const log = [...entries, { manifest, digest: digestOf(manifest) }];
      expect(() => foldLineage(registration, log)).toThrow(text);
    }
  });
});

describe('a request that is withdrawn', () => {
  function withdrawal(requestId: string, sequence = 1): RoundManifest {
    return RoundManifest.fromPartial({
      modelKey,
      sequence,
      entry: {
        $case: 'withdrawal',
        value: { parentSequence: 0, emitter: 'shop', requestId, kind: 'cancelled' },
      },
    });
  }

  it('ends, also when nothing named it before, and is never served', () => {
    const manifest = withdrawal('first');
    const fold = new LineageFold(registration);
    fold.applyManifest(manifest, digestOf(manifest));
    expect(fold.progress('shop/first').kind).toBe('withdrawn');
    const served = round({ sequence: 2, parts: [part(request('first', [1]))] });
    expect(() => fold.applyManifest(served, digestOf(served))).toThrow(/which is withdrawn/);
  });

  it('is no longer retried', () => {
    const refused = round({ sequence: 1, parts: [part(request('first', [1]))] });
    const manifest = withdrawal('first', 2);
    const state = foldLineage(registration, [
      { manifest: refused, digest: digestOf(refused), decision: decision(refused, false) },
      { manifest, digest: digestOf(manifest) },
    ]);
    expect(state.retry).toBeUndefined();
    expect(state.openRequests.size).toBe(0);
  });

  it('cannot be withdrawn once it is completed', () => {
    const promoted = round({ sequence: 1, parts: [part(request('first', [1]))] });
    const manifest = RoundManifest.fromPartial({
      modelKey,
      sequence: 2,
      entry: {
        $case: 'withdrawal',
        value: { parentSequence: 1, emitter: 'shop', requestId: 'first' },
      },
    });
    const log = [
      { manifest: promoted, digest: digestOf(promoted), decision: decision(promoted, true) },
      { manifest, digest: digestOf(manifest) },
    ];
    expect(() => foldLineage(registration, log)).toThrow(/which is completed/);
  });
});

describe('a log with duplicates', () => {
  const first = request('first', [1, 2]);
  const again = request('again', [1, 2]);
  const promoted = round({ sequence: 1, parts: [part(first)] });

  function duplicates(of: DeletionRequested, followsRequestId: string): RoundManifest {
    return RoundManifest.fromPartial({
      modelKey,
      sequence: 2,
      entry: {
        $case: 'duplicates',
        value: { parentSequence: 1, requests: [{ request: of, followsRequestId }] },
      },
    });
  }

  function foldWith(manifest: RoundManifest): LineageFold {
    const fold = new LineageFold(registration);
    fold.applyManifest(promoted, digestOf(promoted));
    fold.applyDecision(decision(promoted, true));
    fold.applyManifest(manifest, digestOf(manifest));
    return fold;
  }

  it('knows the completed request with the same scope, and ends the one that follows it', () => {
    const fold = foldWith(duplicates(again, 'first'));
    expect(fold.completedLike(scopeOfRequest(again))).toBe('first');
    expect(fold.completedLike(scopeOfRequest(request('x', [1])))).toBeUndefined();
    const other = DeletionRequested.fromPartial({ ...again, emitter: 'bank' });
    expect(fold.completedLike(scopeOfRequest(other))).toBeUndefined();
    expect(fold.progress('shop/again')).toEqual({ kind: 'duplicate' });
    expect([fold.nextSequence, fold.head.sequence]).toEqual([3, 1]);
  });

  it('refuses one that follows nothing completed, or was ended before', () => {
    expect(() => foldWith(duplicates(again, 'ghost'))).toThrow(/not completed/);
    expect(() => foldWith(duplicates(first, 'first'))).toThrow(/which is completed/);
  });
});
