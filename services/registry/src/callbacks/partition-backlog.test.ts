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
  const backlog = new PartitionBacklog({
    ...{ partition: 0, deliveries, clock, log: silentLog, signal: closing.signal, maxHeld },
    giveUpMs: 10 * 3_600_000,
    deliver: async (name) => {
      await nextTurn();
      return deliver(name);
    },
    giveUp: async (name) => {
      pending.delete(name.id);
      givenUp.push(name.id);
    },
  });
  const queue = backlog.queueTo('shop');
  for (const name of pending.values()) queue.add(name);
  return { queue, givenUp };
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
    const { queue } = open(store, ({ id }) => {
      mostHeld = Math.max(mostHeld, queue.heldCount);
      tried.add(id);
      if (!isBack) {
        return { kind: 'again', dueMs: clock.now().getTime() + 5_000, hasFailed: true };
      }
      store.pending.delete(id);
      return { kind: 'ended', isAnswered: true };
    });
    await until(() => tried.size === count, 10_000);
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
});
