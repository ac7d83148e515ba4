import type { Decision, RoundManifest } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import {
  decision,
  digestOf,
  escalation,
  originalWeights,
  part,
  registration,
  request,
  round,
  stateAfter,
  weightsAfter,
} from '../test/records.ts';
import { foldLineage, LineageFold, type LogEntry } from './fold.ts';

type Fate = 'promoted' | 'refused' | 'undecided' | 'escalation';

function entry(manifest: RoundManifest, fate: Fate): LogEntry {
  const decided = fate === 'promoted' || fate === 'refused';
  return {
    manifest,
    digest: digestOf(manifest),
    ...(decided ? { decision: decision(manifest, fate === 'promoted') } : {}),
  };
}

function fold(...entries: readonly (readonly [RoundManifest, Fate])[]) {
  return foldLineage(
    registration,
    entries.map(([manifest, fate]) => entry(manifest, fate)),
  );
}

const a = request('a', [1, 2, 3, 4]);
const b = request('b', [5, 6]);

describe('the head', () => {
  test('is the original before any promotion', () => {
    const state = fold();
    expect(state.head).toEqual({
      sequence: 0,
      weightsDigest: originalWeights,
      stateDigest: undefined,
      manifestDigest: undefined,
    });
    expect(state.nextSequence).toBe(1);
    expect(state.inFlight).toBeUndefined();
    expect(state.progress('shop/a')).toEqual({ kind: 'unknown' });
  });

  test('moves with weights and state together, and only with a promotion', () => {
    const first = round({ sequence: 1, parts: [part(a)] });
    expect(fold([first, 'undecided']).head.sequence).toBe(0);
    expect(fold([first, 'refused']).head.sequence).toBe(0);
    expect(fold([first, 'promoted']).head).toEqual({
      sequence: 1,
      weightsDigest: weightsAfter(1),
      stateDigest: stateAfter(1),
      manifestDigest: digestOf(first),
    });
  });

  test('stays where it is through refusals and escalations, while the log goes on', () => {
    const state = fold(
      [round({ sequence: 1, parts: [part(a)] }), 'promoted'],
      [round({ sequence: 2, parent: 1, parts: [part(b)] }), 'refused'],
      [escalation({ sequence: 3, parent: 1, parts: [part(b)], attempts: [2] }), 'escalation'],
    );
    expect(state.head.sequence).toBe(1);
    expect(state.nextSequence).toBe(4);
  });
});

describe('a request', () => {
  test('is completed when its only part is promoted', () => {
    const state = fold([round({ sequence: 1, parts: [part(a), part(b, [5], false)] }), 'promoted']);
    expect(state.progress('shop/a')).toEqual({ kind: 'completed' });
    expect(state.completedCount).toBe(1);
    expect([...state.openRequests.keys()]).toEqual(['shop/b']);
  });

  test('is in flight, with no row done, until the decision', () => {
    const manifest = round({ sequence: 1, parts: [part(a, [1, 2], false)] });
    const state = fold([manifest, 'undecided']);
    expect(state.inFlight).toMatchObject({ sequence: 1, manifestDigest: digestOf(manifest) });
    expect(state.progress('shop/a')).toMatchObject({ kind: 'open', rowsDone: new Set() });
  });

  test('that is split is done row by row, and completed with the last', () => {
    const split = [
      [round({ sequence: 1, parts: [part(a, [1, 2], false)] }), 'promoted'],
      [round({ sequence: 2, parent: 1, parts: [part(a, [3], false)] }), 'refused'],
      [round({ sequence: 3, parent: 1, parts: [part(a, [3], false)], ladderStep: 1 }), 'promoted'],
    ] as const;
    expect(fold(...split).progress('shop/a')).toEqual({
      kind: 'open',
      request: a,
      rowsDone: new Set([1, 2, 3]),
      ladderStep: 1,
      attempts: [2],
    });
    const end = [round({ sequence: 4, parent: 3, parts: [part(a, [4])] }), 'promoted'] as const;
    expect(fold(...split, end).progress('shop/a')).toEqual({ kind: 'completed' });
    expect(fold(...split, end).openRequests.size).toBe(0);
  });

  test('of a whole class is completed by its last part: its rows are not in the event', () => {
    const whole = { ...a, scope: { $case: 'classLabel', value: 3 } as const };
    const state = fold([round({ sequence: 1, parts: [part(whole, [7, 8])] }), 'promoted']);
    expect(state.progress('shop/a')).toEqual({ kind: 'completed' });
  });

  test('is escalated as a whole, with rows that were done before', () => {
    const state = fold(
      [round({ sequence: 1, parts: [part(a, [1, 2], false)] }), 'promoted'],
      [round({ sequence: 2, parent: 1, parts: [part(a, [3, 4])] }), 'refused'],
      [escalation({ sequence: 3, parent: 1, parts: [part(a, [3, 4])] }), 'escalation'],
    );
    expect(state.progress('shop/a')).toEqual({ kind: 'escalated' });
    expect(state.escalatedCount).toBe(1);
    expect(state.openRequests.size).toBe(0);
  });

  test('of one emitter is another than that of the next with the same id', () => {
    const other = { ...a, emitter: 'crm' };
    const state = fold(
      [round({ sequence: 1, parts: [part(a)] }), 'promoted'],
      [round({ sequence: 2, parent: 1, parts: [part(other)] }), 'undecided'],
    );
    expect(state.progress('shop/a').kind).toBe('completed');
    expect(state.progress('crm/a').kind).toBe('open');
  });
});

describe('a retry', () => {
  const first = [round({ sequence: 1, parts: [part(a), part(b)] }), 'refused'] as const;
  const second = [
    round({ sequence: 2, parts: [part(a, [1, 2], false)], ladderStep: 1 }),
    'refused',
  ] as const;

  test('carries the parts of the refused round to the next rung', () => {
    expect(fold(first).retry).toEqual({ parts: [part(a), part(b)], attempts: [1], ladderStep: 1 });
  });

  test('gathers the attempts that were refused in a row', () => {
    expect(fold(first, second).retry).toEqual({
      parts: [part(a, [1, 2], false)],
      attempts: [1, 2],
      ladderStep: 2,
    });
  });

  test('ends with a promotion; what it left open stays on its rung', () => {
    const state = fold(first, [
      round({ sequence: 2, parts: [part(a, [1, 2], false)], ladderStep: 1 }),
      'promoted',
    ]);
    expect(state.retry).toBeUndefined();
    expect(state.progress('shop/b')).toMatchObject({ ladderStep: 1, attempts: [1] });
    expect(state.progress('shop/a')).toMatchObject({ rowsDone: new Set([1, 2]), ladderStep: 1 });
  });

  test('ends with the escalation of its requests', () => {
    const escalated = escalation({ sequence: 3, parts: [part(a, [1, 2])], attempts: [1, 2] });
    const state = fold(first, second, [escalated, 'escalation']);
    expect(state.retry).toBeUndefined();
    expect(state.progress('shop/b')).toMatchObject({ kind: 'open', ladderStep: 1, attempts: [1] });
  });

  test('goes on with those that an escalation leaves', () => {
    const escalated = escalation({ sequence: 2, parts: [part(a)], attempts: [1] });
    const state = fold(first, [escalated, 'escalation']);
    expect(state.retry).toEqual({ parts: [part(b)], attempts: [1], ladderStep: 1 });
  });
});

describe('a log is corrupt', () => {
  const promotedA = [round({ sequence: 1, parts: [part(a)] }), 'promoted'] as const;
  const halfA = [round({ sequence: 1, parts: [part(a, [1, 2], false)] }), 'promoted'] as const;
  const undecided = [round({ sequence: 1, parts: [part(a)] }), 'undecided'] as const;

  test.each<[string, readonly (readonly [RoundManifest, Fate])[], string]>([
    ['when an entry is missing', [[round({ sequence: 2 }), 'undecided']], 'entry 2'],
    ['when an entry comes twice', [promotedA, [round({ sequence: 1 }), 'undecided']], 'entry 1'],
    [
      'when two rounds are in flight',
      [undecided, [round({ sequence: 2, parts: [part(b)] }), 'undecided']],
      'entry 2',
    ],
    [
      'when a parent was not promoted last',
      [promotedA, [round({ sequence: 2, parent: 0, parts: [part(b)] }), 'undecided']],
      'entry 2',
    ],
    [
      'when a parent was refused',
      [
        [round({ sequence: 1, parts: [part(a)] }), 'refused'],
        [round({ sequence: 2, parent: 1, parts: [part(a)] }), 'undecided'],
      ],
      'entry 2',
    ],
    [
      'when an escalation has another parent than the head',
      [promotedA, [escalation({ sequence: 2, parent: 0, parts: [part(b)] }), 'escalation']],
      'entry 2',
    ],
    [
      'when a round starts from other weights than the head',
      [[round({ sequence: 1, parentWeights: weightsAfter(9) }), 'undecided']],
      'entry 1',
    ],
    [
      'when a completed request is served again',
      [promotedA, [round({ sequence: 2, parent: 1, parts: [part(a)] }), 'undecided']],
      'shop/a',
    ],
    [
      'when an escalated request is served again',
      [
        [escalation({ sequence: 1, parts: [part(a)] }), 'escalation'],
        [round({ sequence: 2, parts: [part(a)] }), 'undecided'],
      ],
      'shop/a',
    ],
    [
      'when a row is forgotten twice for one request',
      [halfA, [round({ sequence: 2, parent: 1, parts: [part(a, [2, 3], false)] }), 'undecided']],
      'row 2',
    ],
    [
      'when a request comes back with another body',
      [halfA, [round({ sequence: 2, parent: 1, parts: [part(request('a', [9]))] }), 'undecided']],
      'another body',
    ],
    [
      'when a round names a request in two parts',
      [[round({ sequence: 1, parts: [part(a, [1], false), part(a, [2], false)] }), 'undecided']],
      'shop/a',
    ],
    [
      'when a request ends before its last row',
      [[round({ sequence: 1, parts: [part(a, [1, 2, 3], true)] }), 'promoted']],
      'row 4',
    ],
    [
      'when an escalation is decided on',
      [[escalation({ sequence: 1, parts: [part(a)] }), 'promoted']],
      'entry 1',
    ],
    [
      'when a part has no request',
      [
        [
          round({ sequence: 1, parts: [{ request: undefined, rows: [], last: true }] }),
          'undecided',
        ],
      ],
      'entry 1',
    ],
    [
      'when an entry is of another model',
      [[{ ...round({ sequence: 1 }), modelKey: 'other' }, 'undecided']],
      'other',
    ],
    [
      'when an entry is empty',
      [[{ ...round({ sequence: 1 }), entry: undefined }, 'undecided']],
      'entry 1',
    ],
  ])('%s', (_, entries, named) => {
    const error = { name: 'LetheError', code: 'corrupt', message: expect.stringContaining(named) };
    expect(() => fold(...entries)).toThrow(expect.objectContaining(error));
  });

  test('when a decision is about another manifest than the one in flight', () => {
    const manifest = round({ sequence: 1, parts: [part(a)] });
    const state = new LineageFold(registration);
    state.applyManifest(manifest, digestOf(manifest));
    const foreign: Decision = { ...decision(manifest, true), manifestDigest: weightsAfter(7) };
    expect(() => state.applyDecision(foreign)).toThrow(/another manifest/);
    const early: Decision = { ...decision(manifest, true), sequence: 2 };
    expect(() => state.applyDecision(early)).toThrow(/not the round in flight/);
    expect(state.head.sequence).toBe(0);
    state.applyDecision(decision(manifest, true));
    expect(() => state.applyDecision(decision(manifest, true))).toThrow(/not the round in flight/);
  });

  test('and what was folded before is unchanged', () => {
    const state = new LineageFold(registration);
    const good = round({ sequence: 1, parts: [part(a, [1], false)] });
    const bad = round({ sequence: 1, parts: [part(b), part(a, [1], false), part(a, [2], false)] });
    expect(() => state.applyManifest(bad, digestOf(bad))).toThrow(/two parts/);
    expect(state.openRequests.size).toBe(0);
    state.applyManifest(good, digestOf(good));
    expect([...state.openRequests.keys()]).toEqual(['shop/a']);
  });
});
