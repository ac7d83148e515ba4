/** Size and colour of a picture from its first bytes: PNG (RFC 2083) and JPEG (ITU-T T.81, B.1). */
import type { FileHandle } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';
import { fileError } from './data-file.ts';

export interface ImageHeader {
  readonly format: 'png' | 'jpeg';
  readonly width: number;
  readonly height: number;
  readonly isGrey: boolean;
}

/** Metadata before the picture may be long: read this much at first, four times more each time. */
const firstBytes = 4096;
const mostBytes = 4 << 20;

/** @throws LetheError `invalid` naming the file for what is neither PNG nor JPEG, or is cut short */
export async function readImageHeader(handle: FileHandle, file: string): Promise<ImageHeader> {
  for (let length = firstBytes; ; length *= 4) {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, 0).catch((cause: unknown) => {
      throw fileError(file, cause);
    });
    const header = parseImageHeader(buffer.subarray(0, bytesRead));
    if (header === 'foreign') throw noImage(file, 'it is neither a PNG nor a JPEG picture');
    if (header === 'unsupported') throw noImage(file, 'it has four colour components (CMYK)');
    if (header !== 'more') return header;
    if (bytesRead < length || length >= mostBytes) throw noImage(file, 'it is cut short');
  }
}

type Parsed = ImageHeader | 'more' | 'foreign' | 'unsupported';

export function parseImageHeader(bytes: Buffer): Parsed {
  if (bytes.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n') return parsePng(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return parseJpeg(bytes);
  return 'foreign';
}

function parsePng(bytes: Buffer): Parsed {
  if (bytes.length < 29) return 'more';
  const colourType = bytes[25]!;
  return {
    format: 'png',
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    isGrey: colourType === 0 || colourType === 4,
  };
}

/** Walks from segment to segment until the start of a frame. */
function parseJpeg(bytes: Buffer): Parsed {
  let at = 2;
  while (at + 10 <= bytes.length) {
    if (bytes[at] !== 0xff) return 'foreign';
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // fill byte
    } else if (isStartOfFrame(marker)) {
      const components = bytes[at + 9]!;
      if (components !== 1 && components !== 3) return 'unsupported';
      return {
        format: 'jpeg',
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
        isGrey: components === 1,
      };
    } else {
      at += 2 + bytes.readUInt16BE(at + 2);
    }
  }
  return 'more';
}

/** SOF0 … SOF15 without DHT, JPG and DAC, which lie between them. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function noImage(file: string, description: string): LetheError {
  return LetheError.invalid(
    file,
    description,
    'cannot be read as a picture',
    'Replace it, convert it to PNG, or take it out of the folder.',
  );
}
