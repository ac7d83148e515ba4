/**
 * The ledger as bytes, in the safetensors layout: 8 bytes little-endian header length, a JSON
 * header padded with spaces, then float32 values, little-endian. The header has a fixed length,
 * so that the state of a network is the same number of bytes after every round.
 */
import { LetheError } from '@lethe/contracts';
import type { Ledger } from './ledger.ts';

const format = 'lethe-unlearning-state';
const version = 1;
const prefixBytes = 8;
const headerBytes = 504;

/** Bytes of the state of a network with so many trainable weights. */
export function stateSizeBytes(parameterCount: number): number {
  return prefixBytes + headerBytes + 4 * parameterCount;
}

export function encodeState(ledger: Ledger): Uint8Array {
  const count = ledger.importance.length;
  const header = JSON.stringify({
    __metadata__: {
      format,
      version: String(version),
      rounds: String(ledger.rounds),
      samples: String(ledger.samples),
    },
    importance: { dtype: 'F32', shape: [count], data_offsets: [0, 4 * count] },
  });
  const bytes = new Uint8Array(stateSizeBytes(count));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(new TextEncoder().encode(header.padEnd(headerBytes)), prefixBytes);
  new Float32Array(bytes.buffer, prefixBytes + headerBytes).set(ledger.importance);
  return bytes;
}

/**
 * @param parameterCount trainable weights of the network the state must belong to
 * @throws LetheError `corrupt` for bytes that are no state or one of another network,
 *   `precondition` for a state of a newer version
 */
export function decodeState(bytes: Uint8Array, parameterCount: number): Ledger {
  const metadata = readMetadata(bytes);
  if (metadata['format'] !== format) throw corrupt(`its format is ${metadata['format']}`);
  if (metadata['version'] !== String(version)) {
    throw new LetheError(
      'precondition',
      `The unlearning state has version ${metadata['version']}, this engine reads ${version}. Use the release that wrote it, or a newer one.`,
    );
  }
  if (bytes.length !== stateSizeBytes(parameterCount)) {
    throw corrupt(
      `it is ${bytes.length} bytes, a network with ${parameterCount} trainable weights needs ${stateSizeBytes(parameterCount)}`,
    );
  }
  // Copied: float32 views start at multiples of four only, and slice is a view on a Buffer.
  const importance = new Float32Array(
    Uint8Array.from(bytes.subarray(prefixBytes + headerBytes)).buffer,
  );
  if (!importance.every(Number.isFinite)) throw corrupt('it holds a number that is not finite');
  return {
    rounds: counter(metadata['rounds']),
    samples: counter(metadata['samples']),
    importance,
  };
}

function readMetadata(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length < prefixBytes + headerBytes) throw corrupt(`it is only ${bytes.length} bytes`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(prefixBytes, prefixBytes + headerBytes),
    );
    const { __metadata__: metadata } = JSON.parse(text) as { __metadata__: unknown };
    return metadata as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw corrupt('its header cannot be read', cause);
  }
}

function counter(text: unknown): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw corrupt(`a counter is ${String(text)}`);
}

function corrupt(why: string, cause?: unknown): LetheError {
  return new LetheError(
    'corrupt',
    `The unlearning state is damaged or belongs to another network: ${why}. Use the state that was stored with these weights.`,
    { cause },
  );
}
