import { Decompressed, damaged } from './decompressed.ts';

/** How Java's clients frame Snappy (snappy-java); others write one block without a frame. */
const framed = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, and two numbers of versions. */
const frameHeaderBytes = 16;

/**
 * Snappy, as Kafka's clients write it (google/snappy, format_description.txt).
 *
 * @throws LetheError `corrupt`, or `capacity` beyond `limitBytes`
 */
export function decompressSnappy(source: Buffer, limitBytes: number): Buffer {
  const output = new Decompressed(limitBytes);
  try {
    if (!source.subarray(0, framed.length).equals(framed)) {
      readBlock(source, output);
      return output.bytes;
    }
    for (let at = frameHeaderBytes; at < source.length; ) {
      const end = at + 4 + source.readInt32BE(at);
      if (end > source.length) throw damaged();
      readBlock(source.subarray(at + 4, end), output);
      at = end;
    }
    return output.bytes;
  } catch (thrown) {
    throw thrown instanceof RangeError ? damaged() : thrown;
  }
}

function readBlock(source: Buffer, output: Decompressed): void {
  let at = 0;
  // The length of what comes out, in groups of 7 bits: the end of the block tells it, too.
  while (source.readUInt8(at++) >= 0x80);
  while (at < source.length) {
    const tag = source.readUInt8(at++);
    const upper = tag >> 2;
    switch (tag & 3) {
      case 0: {
        const lengthBytes = Math.max(0, upper - 59);
        const length = (lengthBytes === 0 ? upper : source.readUIntLE(at, lengthBytes)) + 1;
        output.append(source, at + lengthBytes, length);
        at += lengthBytes + length;
        break;
      }
      case 1:
        output.repeat(((tag >> 5) << 8) | source.readUInt8(at), (upper & 7) + 4);
        at += 1;
        break;
      case 2:
        output.repeat(source.readUInt16LE(at), upper + 1);
        at += 2;
        break;
      default:
        output.repeat(source.readUInt32LE(at), upper + 1);
        at += 4;
    }
  }
}
