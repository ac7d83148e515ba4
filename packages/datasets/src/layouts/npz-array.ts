/** One array of a NumPy `.npz` archive, opened where it lies or unpacked. */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { LetheError } from '@lethe/contracts';
import { openDataFile, readExactly } from '../data-file.ts';
import { type NpyHeader, npyHeaderLimit, parseNpyHeader } from '../npy-header.ts';
import { unpack } from '../unpacked-file.ts';
import { readZipDirectory, type ZipMember } from '../zip-directory.ts';
import { type ElementType, elementTypes } from './npz-elements.ts';

/** An open array; whoever opens it closes the handle. */
export interface StoredArray extends NpyHeader {
  /** For messages. */
  readonly where: string;
  readonly handle: FileHandle;
  readonly element: ElementType;
  /** Byte offset of the first element in the file behind the handle. */
  readonly dataStart: number;
}

/**
 * @param name of the array, without `.npy`
 * @throws LetheError `invalid` for a damaged or foreign file, another name or type
 */
export async function openNpzArray(file: string, name: string): Promise<StoredArray> {
  const archive = await openDataFile(file);
  let member: ZipMember | undefined;
  let handle = archive;
  let start = 0;
  try {
    const members = await readZipDirectory(archive, file);
    member = members.find((candidate) => candidate.name === `${name}.npy`);
    if (member === undefined) throw noSuchArray(file, name, members);
    start = member.start;
    if (member.method !== 0) {
      handle = await unpackMember(file, member);
      start = 0;
      await archive.close();
    }
  } catch (error) {
    await archive.close();
    throw error;
  }
  try {
    const where = `${file}: ${name}`;
    const length = Math.min(npyHeaderLimit, member.sizeBytes);
    const header = parseNpyHeader(await readExactly(handle, where, start, length), where);
    const element = elementTypes.get(header.dtype);
    if (element === undefined) {
      throw LetheError.invalid(
        `${where}: type`,
        header.dtype,
        `must be one of ${[...elementTypes.keys()].join(', ')}`,
        'Convert it with astype before saving.',
      );
    }
    const expected = header.start + header.shape.reduce((a, b) => a * b, 1) * element.bytes;
    if (member.sizeBytes !== expected) {
      throw LetheError.invalid(
        where,
        `${member.sizeBytes} bytes`,
        `must have ${expected} for [${header.shape}] of ${header.dtype}`,
        'It is cut short: fetch it again.',
      );
    }
    return { ...header, where, handle, element, dataStart: start + header.start };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function unpackMember(file: string, member: ZipMember): Promise<FileHandle> {
  const where = `${file}: ${member.name}`;
  if (member.method !== 8) {
    throw LetheError.invalid(
      where,
      `method ${member.method}`,
      'is packed in a way that NumPy does not use',
      'Save it with numpy.savez or numpy.savez_compressed.',
    );
  }
  const packed = createReadStream(file, {
    start: member.start,
    end: member.start + member.packedBytes - 1,
  });
  const { handle, sizeBytes } = await unpack(where, packed, createInflateRaw(), member.sizeBytes);
  if (sizeBytes === member.sizeBytes) return handle;
  await handle.close();
  throw LetheError.invalid(
    where,
    `${sizeBytes} bytes`,
    `must have ${member.sizeBytes} once unpacked`,
    'It is damaged: fetch it again.',
  );
}

function noSuchArray(file: string, name: string, members: readonly ZipMember[]): LetheError {
  const names = members.map((member) => member.name.replace(/\.npy$/, ''));
  return LetheError.invalid(
    `${file}: array`,
    name,
    `is not there, only ${names.join(', ')}`,
    'Name the arrays with the options x and y.',
  );
}
