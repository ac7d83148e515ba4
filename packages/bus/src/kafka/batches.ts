import { LetheError } from '@lethe/contracts';
import type { OutgoingRecord } from '../message-bus.ts';
import { partitionOf } from '../murmur2.ts';
import { recordLimit } from '../record-limit.ts';

/** A record as kafkajs sends it. */
export interface KafkaRecord {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

/** Records of one partition, in order, small enough for one request. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: KafkaRecord[];
}

const encoder = new TextEncoder();

/** What the broker may add to a record, at most. */
const recordOverheadBytes = 70;

/**
 * A request carries all records of a partition as one batch, and the broker refuses batches larger
 * than max.message.bytes. A bigger record travels alone.
 */
const maxBatchBytes = 512 * 1024;

/**
 * Sorts records by partition, keeping their order, and cuts them into batches.
 *
 * @param partitionsOf the number of partitions of a topic
 * @throws LetheError `capacity` for a record above `maxRecordBytes`
 */
export function toBatches(
  records: readonly OutgoingRecord[],
  partitionsOf: (topic: string) => number,
  maxRecordBytes: number,
): readonly PartitionBatch[] {
  const open = new Map<string, { batch: PartitionBatch; sizeBytes: number }>();
  const batches: PartitionBatch[] = [];
  for (const record of records) {
    const { topic, key, headers = {} } = record;
    const sizeBytes = sizeOf(record);
    const limitBytes = recordLimit(topic, maxRecordBytes);
    if (sizeBytes > limitBytes) {
      throw new LetheError(
        'capacity',
        `a record of ${sizeBytes} bytes for ${topic}: at most ${limitBytes} are allowed (key, headers and value). Put large contents into the object store.`,
      );
    }
    const partition = partitionOf(key, partitionsOf(topic));
    const name = `${topic}/${partition}`;
    const message = {
      partition,
      key: Buffer.from(key),
      value: asBuffer(record.value),
      headers: { ...headers },
    };
    const current = open.get(name);
    const fullBytes = sizeBytes + recordOverheadBytes;
    if (current !== undefined && current.sizeBytes + fullBytes <= maxBatchBytes) {
      current.batch.messages.push(message);
      current.sizeBytes += fullBytes;
    } else {
      const batch = { topic, partition, messages: [message] };
      open.set(name, { batch, sizeBytes: fullBytes });
      batches.push(batch);
    }
  }
  return batches;
}

function sizeOf({ key, value, headers = {} }: OutgoingRecord): number {
  const texts = Object.entries(headers).flat();
  return texts.reduce(
    (sum, text) => sum + encoder.encode(text).length,
    encoder.encode(key).length + value.length,
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
