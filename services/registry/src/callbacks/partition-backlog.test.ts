import { setImmediate as nextTurn } from 'node:timers/promises';
import { silentLog } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliverOutcome } from './deliver.ts';
import type { DeliveryStore, PendingName, WaitingName } from './delivery-store.ts';
import { PartitionBacklog } from './partition-backlog.ts';

const start = new Date('2026-02-01T00:00:00Z');
const maxHeld = 8;
const count = 100;
let clock: ManualClock;
let closing: AbortController;
beforeEach(() => {
  clock = new ManualClock(start);
  closing = new AbortController();
});
afterEach(() => closing.abort());

const nameOf = (at: number): PendingName => ({
  id: String(at).padStart(64, '0'),
  partition: 0,
  emitter: 'shop',
});

/** Names in a store, in their order; listed from any of them on. */
function storeOf(names: Iterable<PendingName>) {
  const pending = new Map([...names].map((name) => [name.id, name]));
  const deliveries = {
    async *pendingOf(_: number, after?: PendingName): AsyncGenerator<WaitingName> {
      for (const id of [...pending.keys()].sort()) {
        const name = pending.get(id);
        if (name === undefined || id <= (after?.id ?? '')) continue;
        yield { ...name, modifiedMs: start.getTime() };
      }
    },
  } as DeliveryStore;
  return { pending, deliveries };
}

function open(
  { pending, deliveries }: ReturnType<typeof storeOf>,
  deliver: (name: PendingName) => DeliverOutcome,
) {
  const givenUp: string[] = [];
  let active = 0;
  let mostActive = 0;
  const backlog = new PartitionBacklog({
    ...{ partition: 0, deliveries, clock, log: silentLog, signal: closing.signal, maxHeld },
    giveUpMs: 10 * 3_600_000,
    deliver: async (name) => {
      active += 1;
      mostActive = Math.max(mostActive, active);
      await nextTurn();
      active -= 1;
      return deliver(name);
    },
    giveUp: async (name) => {
      if (queue.holds(name)) throw new Error(`${name.id} is in its queue, and may be under way`);
      pending.delete(name.id);
      givenUp.push(name.id);
    },
  });
  const queue = backlog.queueTo('shop');
  for (const name of pending.values()) queue.add(name);
  const mostActiveFromNow = () => {
    mostActive = 0;
    return () => mostActive;
  };
  return { queue, givenUp, mostActiveFromNow };
}

async function until(condition: () => boolean, stepMs: number): Promise<void> {
  for (let turn = 0; turn < 200_000; turn++) {
    if (condition()) return;
    await nextTurn();
    clock.advance(stepMs);
  }
  throw new Error('it did not come to that');
}

describe('the backlog of a partition', () => {
  it('is sent from the store piece by piece; memory holds few of it', async () => {
    const store = storeOf(Array.from({ length: count }, (_, at) => nameOf(at)));
    const sent: string[] = [];
    let mostHeld = 0;
    const { queue } = open(store, ({ id }) => {
      mostHeld = Math.max(mostHeld, queue.heldCount);
      store.pending.delete(id);
      sent.push(id);
      return { kind: 'ended', isAnswered: true };
    });
    expect(queue.size).toBe(count);
    await until(() => sent.length === count, 1_000);
    expect(new Set(sent).size).toBe(count);
    expect(mostHeld).toBeLessThanOrEqual(maxHeld);
    await until(() => !queue.hasMore, 60_000);
    expect(queue.size).toBe(0);
  });

  it('gives everything its turn while nothing succeeds, and is sent when somebody answers', async () => {
    const store = storeOf(Array.from({ length: count }, (_, at) => nameOf(at)));
    const tried = new Set<string>();
    let isBack = false;
    let mostHeld = 0;
    const { queue, mostActiveFromNow } = open(store, ({ id }) => {
      mostHeld = Math.max(mostHeld, queue.heldCount);
      tried.add(id);
      if (!isBack) {
        return { kind: 'again', dueMs: clock.now().getTime() + 5_000, hasFailed: true };
      }
      store.pending.delete(id);
      return { kind: 'ended', isAnswered: true };
    });
    await until(() => tried.size >= maxHeld, 10_000);
    const mostActive = mostActiveFromNow();
    await until(() => tried.size === count, 10_000);
    // It is asked with one at a time as long as nothing succeeds.
    expect(mostActive()).toBe(1);
    // Another that comes now waits in the store like the others.
    store.pending.set(nameOf(count).id, nameOf(count));
    queue.add(nameOf(count));
    isBack = true;
    await until(() => store.pending.size === 0, 10_000);
    expect(mostHeld).toBeLessThanOrEqual(maxHeld);
  });

  it('gives up what waited in the store for its time', async () => {
    const store = storeOf(Array.from({ length: count }, (_, at) => nameOf(at)));
    // The receiver takes its time for ever: nothing makes room.
    const { queue, givenUp } = open(store, () => ({
      kind: 'again',
      dueMs: Number.MAX_SAFE_INTEGER,
      hasFailed: true,
    }));
    await until(() => givenUp.length >= count - maxHeld, 60_000);
    expect(queue.heldCount).toBeLessThanOrEqual(maxHeld);
  });

  it('is counted anew when others have dealt with some of it', async () => {
    const store = storeOf(Array.from({ length: count }, (_, at) => nameOf(at)));
    const { queue } = open(store, () => ({
      ...{ kind: 'again', dueMs: Number.MAX_SAFE_INTEGER, hasFailed: true },
    }));
    expect(queue.size).toBe(count);
    for (let at = count / 2; at < count; at++) store.pending.delete(nameOf(at).id);
    await until(() => queue.size === count / 2, 60_000);
  });

  it('is sent though the store could not be read for a while', async () => {
    const store = storeOf(Array.from({ length: count }, (_, at) => nameOf(at)));
    const { deliveries } = store;
    const pendingOf = deliveries.pendingOf.bind(deliveries);
    let failures = 3;
    deliveries.pendingOf = (...args) => {
      if (failures-- > 0) throw new Error('the store does not answer');
      return pendingOf(...args);
    };
    open(store, ({ id }) => {
      store.pending.delete(id);
      return { kind: 'ended', isAnswered: true };
    });
    await until(() => store.pending.size === 0, 1_000);
    expect(failures).toBeLessThan(0);
  });
});
