import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import { LetheError, type TopicSpec } from '@lethe/contracts';

/** The binary half of a generated protobuf message type. */
export interface BinaryCodec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** @throws LetheError `corrupt` naming topic, partition and offset */
export function decodeEvent<T>(codec: BinaryCodec<T>, record: IncomingRecord): T {
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
  return { topic: topic.name, key, value: codec.encode(message).finish(), headers };
}
