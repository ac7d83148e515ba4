import { Decompressed, damaged } from './decompressed.ts';

const magic = 0x184d2204;
/** In the first byte of the descriptor. */
const flags = { blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 };
const isStored = 0x8000_0000;

/**
 * One LZ4 frame, as Kafka's clients write it (lz4/lz4, lz4_Frame_format.md and
 * lz4_Block_format.md). Checksums are not looked at: the broker has, of the whole batch.
 *
 * @throws LetheError `corrupt`, or `capacity` beyond `limitBytes`
 */
export function decompressLz4(source: Buffer, limitBytes: number): Buffer {
  const output = new Decompressed(limitBytes);
  try {
    if (source.readUInt32LE(0) !== magic) throw damaged();
    const has = (flag: number) => (source.readUInt8(4) & flag) !== 0;
    // Magic, two bytes of descriptor, what it announces, and its checksum.
    let at = 7 + (has(flags.contentSize) ? 8 : 0) + (has(flags.dictionary) ? 4 : 0);
    for (;;) {
      const header = source.readUInt32LE(at);
      at += 4;
      if (header === 0) return output.bytes;
      const size = header % isStored;
      if (at + size > source.length) throw damaged();
      if (header >= isStored) output.append(source, at, size);
      else readBlock(source.subarray(at, at + size), output);
      at += size + (has(flags.blockChecksum) ? 4 : 0);
    }
  } catch (thrown) {
    throw thrown instanceof RangeError ? damaged() : thrown;
  }
}

function readBlock(source: Buffer, output: Decompressed): void {
  let at = 0;
  const lengthFrom = (nibble: number) => {
    let length = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) {
      more = source.readUInt8(at++);
    }
    return length;
  };
  while (at < source.length) {
    const token = source.readUInt8(at++);
    const literals = lengthFrom(token >> 4);
    output.append(source, at, literals);
    at += literals;
    // The last sequence has no match.
    if (at === source.length) return;
    const distance = source.readUInt16LE(at);
    at += 2;
    output.repeat(distance, lengthFrom(token & 15) + 4);
  }
}
