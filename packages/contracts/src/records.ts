import { canonicalBytes } from './canonical-json.ts';
import { LetheError } from './errors.ts';

/** The JSON half of a generated protobuf message type. */
export interface JsonCodec<T> {
  fromJSON(json: unknown): T;
  toJSON(message: T): unknown;
}

/** Canonical JSON bytes of a stored record (registration, manifest, verdict, …). */
export function encodeRecord<T>(codec: JsonCodec<T>, record: T): Uint8Array {
  return canonicalBytes(codec.toJSON(record));
}

/** @throws LetheError `corrupt` naming `what` when the bytes are not such a record */
export function decodeRecord<T>(codec: JsonCodec<T>, bytes: Uint8Array, what: string): T {
  try {
    return codec.fromJSON(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new LetheError('corrupt', `${what} is not a valid record`, { cause });
  }
}
