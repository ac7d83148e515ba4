/** Where the members of a ZIP archive lie (PKWARE APPNOTE 6.3: 4.3.7, 4.3.12, 4.3.14–4.3.16, 4.5.3). */
import type { FileHandle } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';
import { readExactly } from './data-file.ts';

export interface ZipMember {
  readonly name: string;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** Byte offset of the data in the archive. */
  readonly start: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const fits32 = 0xffff_ffff;

/** @throws LetheError `invalid` for a file that is no whole ZIP archive */
export async function readZipDirectory(handle: FileHandle, file: string): Promise<ZipMember[]> {
  const { size } = await handle.stat();
  const { count, offset, length } = await findDirectory(handle, file, size);
  if (offset + length > size) throw notZip(file, 'its directory lies past its end');
  const directory = Buffer.from(await readExactly(handle, file, offset, length));
  const members: ZipMember[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || directory.readUInt32LE(at) !== entrySignature) {
      throw notZip(file, `entry ${i} of its directory is damaged`);
    }
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [sizeBytes, packedBytes, headerAt] = wideNumbers(extra, [
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 20),
      directory.readUInt32LE(at + 42),
    ]) as [number, number, number];
    const start = await dataStart(handle, file, headerAt, size);
    if (start + packedBytes > size) throw notZip(file, `${name} lies past its end`);
    const method = directory.readUInt16LE(at + 10);
    const crc32 = directory.readUInt32LE(at + 16);
    members.push({ name, method, crc32, packedBytes, sizeBytes, start });
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
  }
  return members;
}

async function findDirectory(
  handle: FileHandle,
  file: string,
  size: number,
): Promise<{ count: number; offset: number; length: number }> {
  const tailLength = Math.min(size, 22 + 0xffff);
  const tail = Buffer.from(await readExactly(handle, file, size - tailLength, tailLength));
  let end = tailLength - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw notZip(file, 'it has no end-of-directory record');
  const found = {
    count: tail.readUInt16LE(end + 10),
    length: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };
  const locator = end - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== locator64Signature) return found;
  const recordAt = Number(tail.readBigUInt64LE(locator + 8));
  if (recordAt + 56 > size) throw notZip(file, 'its directory lies past its end');
  const record = Buffer.from(await readExactly(handle, file, recordAt, 56));
  if (record.readUInt32LE(0) !== end64Signature) throw notZip(file, 'its ZIP64 record is damaged');
  return {
    count: Number(record.readBigUInt64LE(32)),
    length: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

/** Values that do not fit 32 bits stand in the ZIP64 extra field, in the same order. */
function wideNumbers(extra: Buffer, values: readonly number[]): number[] {
  let wide: Buffer | undefined;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1)
      wide = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  let next = 0;
  return values.map((value) => {
    if (value !== fits32 || wide === undefined || next + 8 > wide.length) return value;
    next += 8;
    return Number(wide.readBigUInt64LE(next - 8));
  });
}

/** The local header may have another extra field than the directory entry. */
async function dataStart(
  handle: FileHandle,
  file: string,
  headerAt: number,
  size: number,
): Promise<number> {
  if (headerAt + 30 > size) throw notZip(file, 'a member lies past its end');
  const header = Buffer.from(await readExactly(handle, file, headerAt, 30));
  if (header.readUInt32LE(0) !== localSignature) throw notZip(file, 'a member header is damaged');
  return headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function notZip(file: string, description: string): LetheError {
  return LetheError.invalid(
    file,
    description,
    'is no whole ZIP archive',
    'It is cut short or another kind of file: fetch it again.',
  );
}
