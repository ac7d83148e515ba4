import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { OutgoingRecord } from '@lethe/bus';
import { OutboxMessage } from '@lethe/contracts';
import { recordOf } from '@lethe/service-kit';
import { traceparentHeader } from '@lethe/telemetry';

/** Records as length-delimited OutboxMessages, one after the other. */
export function encodeRecords(records: readonly OutgoingRecord[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { topic, key, value, headers } of records) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const traceparent = headers?.[traceparentHeader] ?? '';
    OutboxMessage.encode({ topic, key, value: bytes, traceparent }, writer.fork()).join();
  }
  return writer.finish();
}

export function decodeRecords(bytes: Uint8Array): OutgoingRecord[] {
  const reader = new BinaryReader(bytes);
  const records: OutgoingRecord[] = [];
  while (reader.pos < reader.len) {
    records.push(recordOf(OutboxMessage.decode(reader, reader.uint32())));
  }
  return records;
}
