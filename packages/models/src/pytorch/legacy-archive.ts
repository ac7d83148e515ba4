import { LetheError } from '@lethe/contracts';
import { readPickle } from './pickle.ts';
import { readTensorPickle } from './state-dict-pickle.ts';
import type { TorchArchive } from './torch-archive.ts';
import { elementSize } from './torch-storage.ts';

/** The integer that the first pickle of a file of torch.save before 1.6 holds. */
const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** Does the file begin as torch.save wrote it before PyTorch 1.6? */
export function isLegacyArchive(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[2] === 0x8a && bytes[3] === 0x0a;
}

/**
 * The layout of torch.save before 1.6: pickles of magic number, protocol version, system and
 * object, then a pickled list of storage keys, then per key an int64 length and the elements.
 *
 * @throws LetheError `invalid` for other files and for one that is cut off
 */
export function readLegacyArchive(bytes: Uint8Array, source: string): TorchArchive {
  const plain = { allowed: new Map(), persistent: () => null, source };
  const magic = readPickle(bytes, 0, plain);
  const protocol = readPickle(bytes, magic.end, plain);
  const system = readPickle(bytes, protocol.end, plain);
  const littleEndian = system.value instanceof Map ? system.value.get('little_endian') : undefined;
  if (magic.value !== magicNumber || protocol.value !== protocolVersion || littleEndian !== true) {
    throw LetheError.invalid(
      source,
      { protocol: protocol.value, littleEndian },
      'is not a PyTorch file of the known legacy layout',
      'Save it again with torch.save on a usual machine.',
    );
  }
  const { value, end, storages } = readTensorPickle(bytes, system.end, source);
  const keys = readPickle(bytes, end, plain);
  return { value, storageBytes: storageBytes(keys.value, keys.end) };

  function storageBytes(storageKeys: unknown, start: number): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    let offset = start;
    for (const key of Array.isArray(storageKeys) ? storageKeys : []) {
      const storage = storages.get(String(key));
      const size = storage === undefined ? 0 : storage.length * elementSize(storage.type);
      if (storage === undefined || offset + 8 + size > bytes.length) {
        throw LetheError.invalid(
          source,
          `${bytes.length} bytes`,
          storage === undefined
            ? `lists a storage ${String(key)} that nothing uses`
            : `is cut off: a tensor reaches to byte ${offset + 8 + size}`,
          'Check that the download is complete (compare its size and SHA-256 with the source).',
        );
      }
      const length = new DataView(bytes.buffer, bytes.byteOffset + offset, 8).getBigInt64(0, true);
      if (length !== BigInt(storage.length)) {
        throw LetheError.invalid(
          `${source}: storage ${storage.key}`,
          String(length),
          `has another length than its description says (${storage.length})`,
          'The file is damaged: get it again.',
        );
      }
      found.set(storage.key, bytes.subarray(offset + 8, offset + 8 + size));
      offset += 8 + size;
    }
    return found;
  }
}
