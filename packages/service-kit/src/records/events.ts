import { type BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import { LetheError, type OutboxMessage, type TopicSpec } from '@lethe/contracts';
import { traceparentHeader } from '@lethe/telemetry';

/** The binary half of a generated protobuf message type. */
export interface BinaryCodec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** @throws LetheError `corrupt` naming topic, partition and offset; the record's own fault */
export function decodeEvent<T>(codec: BinaryCodec<T>, record: IncomingRecord): T {
  if (record.fault !== undefined) throw record.fault;
  try {
    return codec.decode(record.value);
  } catch (cause) {
    const place = `${record.topic}/${record.partition}/${record.offset}`;
    throw new LetheError('corrupt', `record ${place} is not the message its topic carries`, {
      cause,
    });
  }
}

export function encodeEvent<T>(
  topic: TopicSpec,
  key: string,
  codec: BinaryCodec<T>,
  message: T,
  headers: Readonly<Record<string, string>> = {},
): OutgoingRecord {
  return { topic: topic.name, key, value: encodeMessage(codec, message), headers };
}

/** A message of an outbox as a record to send, in the trace context that it was made in. */
export function recordOf({ topic, key, value, traceparent }: OutboxMessage): OutgoingRecord {
  return { topic, key, value, headers: traceHeaders(traceparent) };
}

/** Headers that carry a trace context; none where nothing is traced. */
export function traceHeaders(traceparent: string | undefined): Readonly<Record<string, string>> {
  return traceparent ? { [traceparentHeader]: traceparent } : {};
}

/** Growing a new buffer for each message costs more than encoding a small one. */
const writer = new BinaryWriter();

/** Protobuf bytes of a message. */
export function encodeMessage<T>(codec: Pick<BinaryCodec<T>, 'encode'>, message: T): Uint8Array {
  try {
    codec.encode(message, writer);
  } catch (thrown) {
    // Takes what was written so far out of the writer.
    writer.finish();
    throw thrown;
  }
  return writer.finish();
}
