const seed = 0x9747b28c;
const m = 0x5bd1e995;
const r = 24;

/**
 * MurmurHash2, 32 bits (Austin Appleby, public domain), with the seed that Kafka's default
 * partitioner uses, so that a key lands in the same partition on every adapter.
 *
 * @returns a signed 32-bit integer, as Java's `int`
 */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const tail = length & ~3;
  let h = seed ^ length;
  for (let i = 0; i < tail; i += 4) {
    let k = Math.imul(view.getInt32(i, true), m);
    k ^= k >>> r;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  for (let i = length - 1; i >= tail; i--) h ^= (bytes[i] as number) << (8 * (i - tail));
  if (length > tail) h = Math.imul(h, m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

const encoder = new TextEncoder();

/** The partition of a key: its hash without the sign bit, modulo the number of partitions. */
export function partitionOf(key: string, partitions: number): number {
  return partitionOfBytes(encoder.encode(key), partitions);
}

/** {@link partitionOf} for a key in UTF-8. */
export function partitionOfBytes(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
