/** Header of a `.npy` array (NumPy Enhancement Proposal 1; format versions 1 to 3). */
import { LetheError } from '@lethe/contracts';

export interface NpyHeader {
  /** Type of an element, for example `<f4`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes before the first element. */
  readonly start: number;
}

/** More than any header of a plain array needs. */
export const npyHeaderLimit = 4096;

/**
 * @param bytes the beginning of the array, up to {@link npyHeaderLimit} bytes
 * @throws LetheError `invalid` for what is no array of plain numbers in C order. Python objects are
 * never unpickled.
 */
export function parseNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < 12 || buffer.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw notArray(where, 'it does not begin with \\x93NUMPY', 'Save it with numpy.savez.');
  }
  const wide = buffer[6]! >= 2;
  const textAt = wide ? 12 : 10;
  const start = textAt + (wide ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8));
  if (start > buffer.length) throw notArray(where, 'its header is cut short', 'Fetch it again.');
  const text = buffer.toString('utf8', textAt, start);
  const dtype = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (dtype === undefined || order === undefined || shape === undefined) {
    throw notArray(where, 'it is no array of plain numbers', 'Save one with numpy.savez.');
  }
  if (order === 'True') {
    throw notArray(where, 'it is in Fortran order', 'Save numpy.ascontiguousarray of it.');
  }
  const sizes = shape.split(',').map((size) => size.trim());
  return { dtype, shape: sizes.filter((size) => size !== '').map(Number), start };
}

function notArray(where: string, description: string, remedy: string): LetheError {
  return LetheError.invalid(where, description, 'cannot be read as a NumPy array', remedy);
}
