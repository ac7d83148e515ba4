import type {
  CommittedPlace,
  ConsumeOptions,
  Consumption,
  IncomingRecord,
  MessageBus,
  OutgoingRecord,
  OwnedPartition,
  PartitionLag,
} from '@lethe/bus';
import { LetheError, type TopicSpec } from '@lethe/contracts';
import {
  activeTraceparent,
  addSpanEvent,
  beginSpan,
  count,
  inSpan,
  measure,
  observe,
  type Reading,
  traceparentHeader,
} from '@lethe/telemetry';
import { WorkWatch, watchWork } from '../lifecycle/work-watch.ts';
import { RefreshedValue } from '../ops/refreshed-value.ts';
import { embeddedSystem } from './record-span.ts';
import { timed } from './timed.ts';
import { withTraceparent } from './with-traceparent.ts';

/**
 * A bus whose writes are measured and traced: every record carries the trace context of who made
 * it, in the header `traceparent`. One that has a context already keeps it.
 *
 * Spans of what is received are made where it is handled. Writes that nobody answers, and a bus that
 * has stopped to read for good, count as work that does not get on.
 */
export class TracedBus implements MessageBus {
  readonly #bus: MessageBus;
  /** What this process reads, for the gauge of how far behind its groups are. */
  readonly #reading = new Set<Pick<ConsumeOptions, 'group' | 'topics'>>();
  readonly #lag = new RefreshedValue({
    initial: [] as readonly Reading<'lethe.consumer.lag'>[],
    read: () => this.#readLag(),
    maxAgeMs: lagMaxAgeMs,
  });
  readonly #writing = new WorkWatch('writing to the message bus', stuckAfterMs);
  readonly #standstill = watchWork({ stuck: () => this.#bus.standstill?.()?.message });
  readonly #lagGauge = observe('lethe.consumer.lag', () => this.#lag.current);
  readonly system: string;

  constructor(bus: MessageBus) {
    this.#bus = bus;
    this.system = bus.system ?? embeddedSystem;
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#bus.ensureTopics(specs);
  }

  publish(records: readonly OutgoingRecord[]): Promise<void> {
    return sending('publish', this.system, records, (traced) =>
      this.#writing.during(() => this.#bus.publish(traced)),
    );
  }

  async consume(options: ConsumeOptions): Promise<Consumption> {
    const consumption = await this.#bus.consume({
      ...options,
      onPartition: (partition) =>
        options.onPartition(new TracedPartition(partition, this.system, this.#writing)),
      onRetry: (error, place) => {
        const reason = LetheError.from(error).code;
        count('lethe.partition.handovers', { 'messaging.destination.name': place.topic, reason });
        options.onRetry?.(error, place);
      },
    });
    this.#reading.add(options);
    return {
      owned: () => consumption.owned(),
      [Symbol.asyncDispose]: async () => {
        this.#reading.delete(options);
        await consumption[Symbol.asyncDispose]();
      },
    };
  }

  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    return this.#bus.lag(group, topics);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lagGauge[Symbol.dispose]();
    this.#writing[Symbol.dispose]();
    this.#standstill[Symbol.dispose]();
    await this.#lag[Symbol.asyncDispose]();
    await this.#bus[Symbol.asyncDispose]();
  }

  async #readLag(): Promise<readonly Reading<'lethe.consumer.lag'>[]> {
    const readings: Reading<'lethe.consumer.lag'>[] = [];
    for (const { group, topics } of this.#reading) {
      const lags = await this.#bus.lag(group, topics);
      for (const topic of topics) {
        const behind = lags.filter((each) => each.topic === topic).map(({ lag }) => Number(lag));
        readings.push({
          value: behind.reduce((sum, lag) => sum + lag, 0),
          attributes: {
            'messaging.destination.name': topic,
            'messaging.consumer.group.name': nameOfGroup(group),
          },
        });
      }
    }
    return readings;
  }
}

/** A write that takes longer has been forgotten by whoever should end it. */
const stuckAfterMs = 15 * 60_000;

/** Asking a broker costs calls; a round takes longer. */
const lagMaxAgeMs = 15_000;

/** A group of one file's own carries the id of that file, which is no label. */
function nameOfGroup(group: string): string {
  return group.replace(/\.[0-9a-f]{8}-[0-9a-f-]{27}$/, '');
}

class TracedPartition implements OwnedPartition {
  readonly #partition: OwnedPartition;
  readonly system: string;
  readonly #writing: WorkWatch;

  constructor(partition: OwnedPartition, system: string, writing: WorkWatch) {
    this.#partition = partition;
    this.system = system;
    this.#writing = writing;
  }

  get topic(): string {
    return this.#partition.topic;
  }
  get partition(): number {
    return this.#partition.partition;
  }
  get start(): CommittedPlace {
    return this.#partition.start;
  }
  get lost(): AbortSignal {
    return this.#partition.lost;
  }

  read(limit: number, waitMs: number): Promise<readonly IncomingRecord[]> {
    return this.#partition.read(limit, waitMs);
  }

  commit(nextOffset: bigint, records: readonly OutgoingRecord[], mark?: string): Promise<void> {
    return sending('commit', this.system, records, async (traced) => {
      const startMs = Date.now();
      try {
        await this.#writing.during(() => this.#partition.commit(nextOffset, traced, mark));
      } catch (thrown) {
        if (LetheError.from(thrown).code === 'fenced') this.#tellFence(thrown, traced, startMs);
        throw thrown;
      }
    });
  }

  /**
   * In the span that is active, else in the traces of those whose records are not written now: a
   * loop commits what came of many, when their own spans have ended.
   */
  #tellFence(thrown: unknown, records: readonly OutgoingRecord[], startMs: number): void {
    const place = { 'messaging.destination.name': this.topic };
    count('lethe.partition.fenced', place);
    if (activeTraceparent() !== undefined) {
      addSpanEvent('fenced', place);
      return;
    }
    const contextOf = ({ headers }: OutgoingRecord) => headers?.[traceparentHeader];
    for (const traceparent of new Set(records.map(contextOf))) {
      if (traceparent === undefined) continue;
      const theirs = records.filter((record) => contextOf(record) === traceparent);
      const options = sendSpan('commit', this.system, theirs);
      const span = beginSpan(options.name, { ...options, parent: { traceparent }, startMs });
      span.event('fenced', place);
      span.fail(thrown);
      span.end();
    }
  }
}

function sending(
  operation: string,
  system: string,
  records: readonly OutgoingRecord[],
  send: (records: readonly OutgoingRecord[]) => Promise<void>,
): Promise<void> {
  const measured = (traced: readonly OutgoingRecord[]) =>
    timed(
      () => send(traced),
      (seconds, outcome) =>
        measure('messaging.client.operation.duration', seconds, {
          'messaging.system': system,
          'messaging.operation.name': operation,
          outcome,
        }),
    );
  if (records.length === 0 || activeTraceparent() === undefined) return measured(records);
  const { name, ...options } = sendSpan(operation, system, records);
  return inSpan(name, options, ({ traceparent }) =>
    measured(records.map((record) => withTraceparent(record, traceparent))),
  );
}

/** Name and options of the span in which records are written together. */
function sendSpan(operation: string, system: string, records: readonly OutgoingRecord[]) {
  const topics = [...new Set(records.map(({ topic }) => topic))].join(', ');
  return {
    name: `send ${topics}`,
    kind: 'producer',
    attributes: {
      'messaging.system': system,
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
      'messaging.destination.name': topics,
      'messaging.batch.message_count': records.length,
    },
  } as const;
}
