/**
 * Sends statuses of requests to the callbacks of their emitters.
 *
 * Invariants:
 * 1. A status is a pending object before its offset is committed: never lost.
 * 2. Whoever owns a partition of the status topic sends its deliveries: two registries share the
 *    work, and what one leaves the other finds. Each is sent at least once, under one id.
 * 3. One receiver never waits for another.
 * 4. What waits for a receiver that is away fills the store, not the memory.
 */
import type { Consumption, IncomingRecord, MessageBus, OwnedPartition } from '@lethe/bus';
import { CallbackState, DeletionStatus, topics } from '@lethe/contracts';
import { deliveryId } from '@lethe/evidence';
import { decodeEvent } from '@lethe/service-kit';
import { count, observe, traceparentHeader } from '@lethe/telemetry';
import { type DeliverDeps, deliver, giveUp, wants } from './deliver.ts';
import type { PendingName } from './delivery-store.ts';
import { PartitionBacklog } from './partition-backlog.ts';

export interface CallbackDeps extends DeliverDeps {
  readonly onFatal: (error: Error) => void;
  /** Deliveries of a partition that are in memory for each receiver. */
  readonly heldPerReceiver?: number;
}

/** Marks a status that is published again to be sent again. */
export const replayHeader = 'lethe-callback-replay';

const readLimit = 500;
const readWaitMs = 1_000;
const writesAtOnce = 16;

/** All registries form one group: a status is sent by one of them. */
export async function sendCallbacks(bus: MessageBus, deps: CallbackDeps): Promise<Consumption> {
  const lanes = new Set<PartitionBacklog>();
  const observed = observe('lethe.callbacks.pending', () => pendingByEmitter(lanes));
  const consumption = await bus.consume({
    group: 'registry.callbacks',
    topics: [topics.deletionStatus.name],
    onPartition: (partition) => follow(partition, lanes, deps),
    onFatal: deps.onFatal,
    onRetry: (error, { partition }) =>
      deps.log.warn('callbacks are taken up anew', { partition, error }),
  });
  return {
    owned: () => consumption.owned(),
    async [Symbol.asyncDispose]() {
      await consumption[Symbol.asyncDispose]();
      observed[Symbol.dispose]();
    },
  };
}

async function follow(
  partition: OwnedPartition,
  lanes: Set<PartitionBacklog>,
  deps: CallbackDeps,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([partition.lost, failed.signal]);
  const { deliveries, giveUpMs, clock, log, heldPerReceiver } = deps;
  const backlog = new PartitionBacklog({
    ...{ deliveries, giveUpMs, clock, log, signal, partition: partition.partition },
    ...(heldPerReceiver === undefined ? {} : { maxHeld: heldPerReceiver }),
    deliver: (name, aborted) => deliver(deps, name, aborted),
    giveUp: (name) => giveUp(deps, name),
  });
  lanes.add(backlog);
  try {
    for await (const name of deliveries.pendingOf(partition.partition)) {
      backlog.queueTo(name.emitter).add(name);
    }
    while (!partition.lost.aborted) {
      const records = await partition.read(readLimit, readWaitMs);
      const last = records.at(-1);
      if (last === undefined) continue;
      for (const { name, isReplay } of await keep(records, deps)) {
        const queue = backlog.queueTo(name.emitter);
        if (isReplay) queue.addNow(name);
        else queue.add(name);
      }
      await partition.commit(last.offset + 1n, []);
    }
  } finally {
    failed.abort();
    lanes.delete(backlog);
    await backlog.ended();
  }
}

interface Kept {
  readonly name: PendingName;
  readonly isReplay: boolean;
}

/** Writes a pending delivery for each status that somebody wants to hear of. */
async function keep(records: readonly IncomingRecord[], deps: CallbackDeps): Promise<Kept[]> {
  const targets = await deps.targets();
  const wanted = records.flatMap((record) => {
    const status = decoded(record);
    if (status === undefined || !wants(targets.get(status.emitter), status)) return [];
    return [{ record, status }];
  });
  const kept: Kept[] = [];
  for (let from = 0; from < wanted.length; from += writesAtOnce) {
    const some = wanted.slice(from, from + writesAtOnce);
    const names = await Promise.all(some.map((each) => keepOne(each.record, each.status, deps)));
    kept.push(...names.flatMap((name) => name ?? []));
  }
  if (kept.length > 0) deps.onChange?.();
  return kept;
}

async function keepOne(
  record: IncomingRecord,
  status: DeletionStatus,
  { deliveries, clock, giveUpMs }: CallbackDeps,
): Promise<Kept | undefined> {
  const id = deliveryId(status);
  const name = { id, partition: record.partition, emitter: status.emitter };
  const now = clock.now();
  const isReplay = record.headers[replayHeader] !== undefined;
  if (isReplay) {
    await deliveries.forgetEnd(id);
  } else {
    // What is older than any delivery lives was told, or is from before there were callbacks.
    const ageMs = now.getTime() - (status.time ?? now).getTime();
    if (ageMs > giveUpMs) {
      count('lethe.callbacks', { outcome: 'too_old' });
      return undefined;
    }
    if ((await deliveries.end(id)) !== undefined) return undefined;
    if ((await deliveries.pending(name)) !== undefined) return { name, isReplay };
  }
  await deliveries.putPending(name, {
    id,
    emitter: status.emitter,
    requestId: status.requestId,
    modelKey: status.modelKey,
    requestState: status.state,
    state: CallbackState.CALLBACK_STATE_PENDING,
    attempts: 0,
    createdTime: now,
    lastAttemptTime: undefined,
    nextAttemptTime: undefined,
    httpStatus: 0,
    problem: '',
    traceparent: record.headers[traceparentHeader] ?? '',
    status,
  });
  return { name, isReplay };
}

/** What cannot be read is set aside by the projection, which reads the same topic. */
function decoded(record: IncomingRecord): DeletionStatus | undefined {
  try {
    return decodeEvent(DeletionStatus, record);
  } catch {
    return undefined;
  }
}

function pendingByEmitter(lanes: ReadonlySet<PartitionBacklog>) {
  const sums = new Map<string, number>();
  for (const { queues } of lanes) {
    for (const [emitter, { size }] of queues) sums.set(emitter, (sums.get(emitter) ?? 0) + size);
  }
  return [...sums].map(([emitter, value]) => ({ value, attributes: { emitter } }));
}
