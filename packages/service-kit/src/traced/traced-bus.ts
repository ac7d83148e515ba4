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
import { activeTraceparent, count, inSpan, measure } from '@lethe/telemetry';
import { timed } from './timed.ts';
import { withTraceparent } from './with-traceparent.ts';

/**
 * A bus whose writes are measured and traced: every record carries the trace context of who made
 * it, in the header `traceparent`. One that has a context already keeps it.
 *
 * Spans of what is received are made where it is handled.
 */
export class TracedBus implements MessageBus {
  readonly #bus: MessageBus;

  constructor(bus: MessageBus) {
    this.#bus = bus;
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#bus.ensureTopics(specs);
  }

  publish(records: readonly OutgoingRecord[]): Promise<void> {
    return sending('publish', records, (traced) => this.#bus.publish(traced));
  }

  consume(options: ConsumeOptions): Promise<Consumption> {
    return this.#bus.consume({
      ...options,
      onPartition: (partition) => options.onPartition(new TracedPartition(partition)),
      onRetry: (error, place) => {
        const reason = LetheError.from(error).code;
        count('lethe.partition.handovers', { 'messaging.destination.name': place.topic, reason });
        options.onRetry?.(error, place);
      },
    });
  }

  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    return this.#bus.lag(group, topics);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#bus[Symbol.asyncDispose]());
  }
}

class TracedPartition implements OwnedPartition {
  readonly #partition: OwnedPartition;

  constructor(partition: OwnedPartition) {
    this.#partition = partition;
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
    return sending('commit', records, (traced) => this.#partition.commit(nextOffset, traced, mark));
  }
}

function sending(
  operation: string,
  records: readonly OutgoingRecord[],
  send: (records: readonly OutgoingRecord[]) => Promise<void>,
): Promise<void> {
  const measured = (traced: readonly OutgoingRecord[]) =>
    timed(
      () => send(traced),
      (seconds, outcome) =>
        measure('messaging.client.operation.duration', seconds, {
          'messaging.operation.name': operation,
          outcome,
        }),
    );
  if (records.length === 0 || activeTraceparent() === undefined) return measured(records);
  const topics = [...new Set(records.map(({ topic }) => topic))];
  return inSpan(
    `send ${topics.join(', ')}`,
    {
      kind: 'producer',
      attributes: {
        'messaging.system': 'lethe',
        'messaging.operation.name': operation,
        'messaging.operation.type': 'send',
        'messaging.destination.name': topics.join(', '),
        'messaging.batch.message_count': records.length,
      },
    },
    ({ traceparent }) => measured(records.map((record) => withTraceparent(record, traceparent))),
  );
}
