import { DeletionRequested, Mode } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import type { PendingRequest } from './pending-request.ts';
import { type Plan, type PlanLimits, planRound } from './plan-round.ts';

const day = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 0, 1);
const limits: PlanLimits = { maxBatch: () => 64, maxWaitMs: 2000, deadlineMarginMs: day };

interface Given {
  id?: string;
  rows?: number[];
  mode?: Mode;
  relabelTo?: number;
  ladderStep?: number;
  arrivedMs?: number;
  deadlineMs?: number;
}

function pending(given: Given = {}): PendingRequest {
  return {
    request: {
      ...DeletionRequested.fromPartial({
        requestId: given.id ?? 'r',
        mode: given.mode ?? Mode.MODE_UNTRAIN,
        ...(given.relabelTo === undefined ? {} : { relabelTo: given.relabelTo }),
      }),
      deadline: new Date(given.deadlineMs ?? now + 30 * day),
    },
    rows: given.rows ?? [1],
    scope: given.id ?? 'r',
    ladderStep: given.ladderStep ?? 0,
    arrivedMs: given.arrivedMs ?? now,
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** `id:rows` of each part, `…` where the request goes on in a later round. */
function told(plan: Plan): string {
  if (plan.kind !== 'round') return plan.kind;
  const parts = plan.parts.map(
    ({ pending: { request }, rows, last }) =>
      `${request.requestId}:${rows.length}${last ? '' : '…'}`,
  );
  return `${parts.join(' ')} (${plan.closedBy})`;
}

describe('a round closes', () => {
  test('not at all while nothing is pending', () => {
    expect(planRound([], limits, now)).toEqual({ kind: 'idle' });
  });

  test('when its oldest request has waited long enough', () => {
    const items = [
      pending({ id: 'a', arrivedMs: now - 500 }),
      pending({ id: 'b', rows: [2], arrivedMs: now }),
    ];
    expect(planRound(items, limits, now)).toEqual({ kind: 'wait', untilMs: now + 1500 });
    expect(told(planRound(items, limits, now + 1500))).toBe('a:1 b:1 (wait)');
  });

  test('at once when it is full', () => {
    const items = [
      pending({ id: 'a', rows: range(0, 60) }),
      pending({ id: 'b', rows: range(60, 64) }),
      pending({ id: 'c', rows: [99] }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:60 b:4 (size)');
  });

  test('at once when a deadline is near, and that request goes first', () => {
    const items = [
      pending({ id: 'a', rows: range(0, 40) }),
      pending({ id: 'late', rows: range(40, 80), deadlineMs: now + day - 1 }),
    ];
    expect(told(planRound(items, limits, now))).toBe('late:40 (deadline)');
  });

  test('and the wait ends where a deadline comes near', () => {
    const items = [pending({ deadlineMs: now + day + 300 })];
    expect(planRound(items, limits, now)).toEqual({ kind: 'wait', untilMs: now + 300 });
  });

  test('at once for requests that were refused before', () => {
    expect(told(planRound([pending({ ladderStep: 1 })], limits, now))).toBe('r:1 (retry)');
  });
});

describe('requests share a round', () => {
  const due = { arrivedMs: now - 5000 };

  test('only with the same mode and relabel target', () => {
    const items = [
      pending({ id: 'a', mode: Mode.MODE_RELABEL, relabelTo: 1, ...due }),
      pending({ id: 'b', rows: [2], mode: Mode.MODE_RELABEL, relabelTo: 2, ...due }),
      pending({ id: 'c', rows: [3], ...due }),
      pending({ id: 'd', rows: [4], mode: Mode.MODE_RELABEL, relabelTo: 1, ...due }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:1 d:1 (wait)');
  });

  test('unless an earlier one with another goal names one of their samples', () => {
    const items = [
      pending({ id: 'a', rows: [1], ...due }),
      pending({ id: 'b', rows: [2], mode: Mode.MODE_RELABEL, relabelTo: 2, ...due }),
      pending({ id: 'c', rows: [2, 3], ...due }),
      pending({ id: 'd', rows: [4], ...due }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:1 d:1 (wait)');
  });

  test('only at the same rung of the ladder, with that rung’s cap', () => {
    const small: PlanLimits = { ...limits, maxBatch: (step) => (step === 1 ? 2 : 64) };
    const items = [
      pending({ id: 'a', rows: [1], ladderStep: 1 }),
      pending({ id: 'b', rows: [2], ladderStep: 1 }),
      pending({ id: 'c', rows: [3], ladderStep: 1 }),
      pending({ id: 'd', rows: [4] }),
    ];
    expect(told(planRound(items, small, now))).toBe('a:1 b:1 (retry)');
  });

  test('and samples that several name count once', () => {
    const items = [
      pending({ id: 'a', rows: range(0, 64) }),
      pending({ id: 'b', rows: range(0, 64) }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:64 (size)');
    const overlapping = [
      pending({ id: 'a', rows: range(0, 63), ...due }),
      pending({ id: 'b', rows: range(0, 63), ...due }),
    ];
    expect(told(planRound(overlapping, limits, now))).toBe('a:63 b:63 (wait)');
  });
});

describe('a request bigger than the cap', () => {
  test('is split, and its last part says so', () => {
    const items = [pending({ id: 'big', rows: range(0, 150) })];
    expect(told(planRound(items, limits, now))).toBe('big:64… (size)');
    expect(
      told(planRound([pending({ id: 'big', rows: range(128, 150), arrivedMs: 0 })], limits, now)),
    ).toBe('big:22 (wait)');
  });

  test('fills up a round that others have begun', () => {
    const items = [
      pending({ id: 'a', rows: range(200, 210) }),
      pending({ id: 'big', rows: range(0, 150) }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:10 big:54… (size)');
  });

  test('is the only one that is split', () => {
    const items = [
      pending({ id: 'a', rows: range(0, 40) }),
      pending({ id: 'b', rows: range(40, 80) }),
      pending({ id: 'c', rows: [99] }),
    ];
    expect(told(planRound(items, limits, now))).toBe('a:40 (size)');
  });
});

/** Seeded, good enough for test data (Marsaglia's xorshift32). */
function randomOf(seed: number): (below: number) => number {
  let state = (seed * 2654435761) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

test.each([1, 2, 3, 4, 5])(
  'random queues are worked off whole, once, in order (seed %i)',
  (seed) => {
    const random = randomOf(seed);
    let queue = Array.from({ length: 60 }, (_, index) => {
      const from = random(400);
      return pending({
        id: String(index),
        rows: range(from, from + 1 + random(random(8) === 0 ? 200 : 30)),
        mode: random(4) === 0 ? Mode.MODE_MISCLASSIFY : Mode.MODE_UNTRAIN,
        arrivedMs: now - 10_000,
        deadlineMs: now + random(4) * day,
        ladderStep: random(6) === 0 ? 1 : 0,
      });
    });
    const caps: PlanLimits = { ...limits, maxBatch: (step) => (step === 0 ? 64 : 16) };
    const all = queue;
    const done = new Map<string, number[]>();
    const goalsOfRow = new Map<number, { order: number; mode: Mode }[]>();
    for (let round = 0; queue.length > 0; round++) {
      expect(round).toBeLessThan(1000);
      const plan = planRound(queue, caps, now);
      if (plan.kind !== 'round') throw new Error('a queue that has waited must give a round');
      const rows = new Set(plan.parts.flatMap((part) => part.rows));
      const step = plan.parts[0]?.pending.ladderStep ?? 0;
      expect(rows.size).toBeLessThanOrEqual(caps.maxBatch(step));
      expect(new Set(plan.parts.map((part) => part.pending.request.mode)).size).toBe(1);
      expect(new Set(plan.parts.map((part) => part.pending.ladderStep)).size).toBe(1);
      for (const part of plan.parts) {
        const { requestId, mode } = part.pending.request;
        const left = part.pending.rows.slice(part.rows.length);
        expect(part.rows.length).toBeGreaterThan(0);
        expect(part.last).toBe(left.length === 0);
        if (part.pending.rows.length <= caps.maxBatch(step)) expect(part.last).toBe(true);
        done.set(requestId, [...(done.get(requestId) ?? []), ...part.rows]);
        for (const row of part.rows) {
          goalsOfRow.set(row, [...(goalsOfRow.get(row) ?? []), { order: Number(requestId), mode }]);
        }
        queue = queue.flatMap((item) =>
          item.request.requestId !== requestId
            ? [item]
            : left.length === 0
              ? []
              : [{ ...item, rows: left }],
        );
      }
    }
    for (const item of all) expect(done.get(item.request.requestId)).toEqual(item.rows);
    for (const goals of goalsOfRow.values()) {
      for (let i = 1; i < goals.length; i++) {
        const [earlier, later] = [goals[i - 1], goals[i]];
        if (earlier?.mode !== later?.mode) expect(earlier?.order).toBeLessThan(later?.order ?? 0);
      }
    }
  },
);
