import { LetheError } from '@lethe/contracts';

/** kafkajs's reader of what a fetch brought: what it reads next begins at `offset`. */
interface FetchReader {
  readonly buffer: Buffer;
  readonly offset: number;
}

type DecodeBatch = (reader: FetchReader) => Promise<{ readonly records: readonly object[] }>;

/** Where fields of a record batch lie (KIP-98), in bytes from its beginning. */
const at = {
  firstOffset: 0,
  length: 8,
  attributes: 21,
  lastOffsetDelta: 23,
  maxTimestamp: 35,
  producerId: 43,
} as const;
const beforeLength = 12;
const codecMask = 0x07;
const transactional = 0x10;
const codecNames = ['nothing', 'gzip', 'snappy', 'lz4', 'zstd'];

/**
 * kafkajs's decoder of record batches, which ends its consumer at a batch that becomes too large
 * when it is unpacked, again and again: here one record stands for the whole batch instead, at its
 * last offset, with the batch as it travelled for value, and the reason as `fault`.
 *
 * A batch that is damaged ends the consumer as before: those records were whole once, and must not
 * be passed over.
 */
export function setAsideOversized(decode: DecodeBatch): DecodeBatch {
  return async (reader) => {
    const bytes = reader.buffer.subarray(reader.offset);
    try {
      return await decode(reader);
    } catch (thrown) {
      if (!(thrown instanceof LetheError) || thrown.code !== 'capacity') throw thrown;
      return { records: [standIn(bytes, thrown)] };
    }
  };
}

function standIn(bytes: Buffer, { message }: LetheError): object {
  const first = bytes.readBigInt64BE(at.firstOffset);
  const delta = bytes.readInt32BE(at.lastOffsetDelta);
  const attributes = bytes.readInt16BE(at.attributes);
  const last = first + BigInt(delta);
  const codec = codecNames[attributes & codecMask] ?? 'something unknown';
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: String(bytes.readBigInt64BE(at.maxTimestamp)),
    offset: String(last),
    key: null,
    value: bytes.subarray(0, beforeLength + bytes.readInt32BE(at.length)),
    headers: {},
    isControlRecord: false,
    batchContext: {
      producerId: String(bytes.readBigInt64BE(at.producerId)),
      inTransaction: (attributes & transactional) !== 0,
    },
    fault: new LetheError(
      'invalid',
      `${message}, packed with ${codec}: none of its ${delta + 1} records (offsets ${first}–${last}) was read. Its producer must send them again, fewer in a batch`,
    ),
  };
}
