import { LetheError } from '@lethe/contracts';
import type { OutgoingRecord } from '../message-bus.ts';
import { partitionOfBytes } from '../murmur2.ts';
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
    const { topic, headers = {} } = record;
    const key = Buffer.from(record.key);
    const sizeBytes = key.length + record.value.length + sizeOfHeaders(headers);
    const limitBytes = recordLimit(topic, maxRecordBytes);
    if (sizeBytes > limitBytes) {
      throw new LetheError(
        'capacity',
        `a record of ${sizeBytes} bytes for ${topic}: at most ${limitBytes} are allowed (key, headers and value). Put large contents into the object store.`,
      );
    }
    const partition = partitionOfBytes(key, partitionsOf(topic));
    const name = `${topic}/${partition}`;
    const message = {
      partition,
      key,
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

function sizeOfHeaders(headers: Readonly<Record<string, string>>): number {
  let sizeBytes = 0;
  for (const name in headers) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  }
  return sizeBytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
