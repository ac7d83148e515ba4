import { LetheError } from '@lethe/contracts';
import { readTensorPickle } from './state-dict-pickle.ts';
import type { TorchArchive } from './torch-archive.ts';
import { elementSize } from './torch-storage.ts';

const endOfCentralDirectory = 0x06054b50;
const centralHeader = 0x02014b50;
const localHeader = 0x04034b50;

export function isZipArchive(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

/**
 * The layout of torch.save since 1.6: a zip of stored (not compressed) entries `<name>/data.pkl`
 * and `<name>/data/<key>`.
 *
 * @throws LetheError `invalid` for other zips and for one that is cut off
 */
export function readZipArchive(bytes: Uint8Array, source: string): TorchArchive {
  const entries = readEntries(bytes, source);
  const pickleName = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickleName === undefined) {
    throw LetheError.invalid(
      source,
      [...entries.keys()].slice(0, 3),
      'is a zip without data.pkl',
      'Give a file that torch.save wrote (not TorchScript, not an archive of other files).',
    );
  }
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const byteOrder = entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && new TextDecoder().decode(byteOrder).trim() !== 'little') {
    throw LetheError.invalid(
      `${source}: byteorder`,
      new TextDecoder().decode(byteOrder),
      'is not little',
      'Save it again on a usual machine.',
    );
  }
  const { value, storages } = readTensorPickle(entries.get(pickleName)!, 0, source);
  const storageBytes = new Map<string, Uint8Array>();
  for (const storage of storages.values()) {
    const data = entries.get(`${folder}data/${storage.key}`);
    const size = storage.length * elementSize(storage.type);
    if (data === undefined || data.length < size) {
      throw LetheError.invalid(
        `${source}: ${folder}data/${storage.key}`,
        data === undefined ? 'absent' : `${data.length} bytes`,
        `should hold ${size} bytes`,
        'The file is damaged: get it again.',
      );
    }
    storageBytes.set(storage.key, data);
  }
  return { value, storageBytes };
}

/** Entries by name, from the central directory (APPNOTE.TXT 6.3, §4.3). */
function readEntries(bytes: Uint8Array, source: string): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, Uint8Array>();
  try {
    const end = findEnd(view);
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      if (view.getUint32(at, true) !== centralHeader) throw new RangeError('no directory entry');
      const nameLength = view.getUint16(at + 28, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      entries.set(name, readEntry(bytes, view, at));
      at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw LetheError.invalid(
      source,
      `${bytes.length} bytes`,
      `is not a whole zip archive of torch.save (${cause.message})`,
      'Check that the download is complete.',
    );
  }
  return entries;
}

function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 65_557); at--) {
    if (view.getUint32(at, true) === endOfCentralDirectory) return at;
  }
  throw new RangeError('its directory is missing');
}

function readEntry(bytes: Uint8Array, view: DataView, central: number): Uint8Array {
  const compression = view.getUint16(central + 10, true);
  const size = view.getUint32(central + 24, true);
  const local = view.getUint32(central + 42, true);
  if (compression !== 0) throw new RangeError('an entry is compressed');
  if (view.getUint32(local, true) !== localHeader) throw new RangeError('an entry is missing');
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + size > bytes.length) throw new RangeError('an entry is cut off');
  return bytes.subarray(start, start + size);
}
