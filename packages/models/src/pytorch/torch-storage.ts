import { LetheError } from '@lethe/contracts';

/** Element types of torch storages: size in bytes and how to read one, little-endian. */
const elementTypes: Readonly<
  Record<string, { readonly size: number; readonly read: (view: DataView, at: number) => number }>
> = {
  FloatStorage: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  DoubleStorage: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  HalfStorage: { size: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BFloat16Storage: { size: 2, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) },
  LongStorage: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  IntStorage: { size: 4, read: (view, at) => view.getInt32(at, true) },
  ShortStorage: { size: 2, read: (view, at) => view.getInt16(at, true) },
  CharStorage: { size: 1, read: (view, at) => view.getInt8(at) },
  ByteStorage: { size: 1, read: (view, at) => view.getUint8(at) },
  BoolStorage: { size: 1, read: (view, at) => view.getUint8(at) },
};

export const storageTypeNames: readonly string[] = Object.keys(elementTypes);

/** A block of numbers that tensors look into; its bytes are known once the file is read to its end. */
export interface TorchStorage {
  readonly key: string;
  /** For example `FloatStorage`. */
  readonly type: string;
  /** Elements, not bytes. */
  readonly length: number;
}

/** A tensor as the pickle describes it: a strided view of a storage. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: TorchStorage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export function elementSize(type: string): number {
  return elementTypes[type]!.size;
}

/**
 * The values of a tensor, row-major, as float32.
 *
 * @param bytes the storage's bytes
 * @throws LetheError `invalid` when the view reaches outside its storage
 */
export function tensorValues(
  tensor: TorchTensor,
  bytes: Uint8Array,
  name: string,
  source: string,
): Float32Array {
  const { shape, strides, offset, storage } = tensor;
  const count = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), offset);
  const whole = [offset, ...shape, ...strides].every((n) => Number.isInteger(n) && n >= 0);
  if (
    !whole ||
    strides.length !== shape.length ||
    count > storage.length ||
    last >= storage.length
  ) {
    throw LetheError.invalid(
      `${source}: ${name}`,
      { shape, strides, offset },
      `does not lie inside its storage of ${storage.length} elements`,
      'The file is damaged: get it again.',
    );
  }
  const { size, read } = elementTypes[storage.type]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  const index = shape.map(() => 0);
  let element = offset;
  for (let i = 0; i < count; i++) {
    values[i] = read(view, element * size);
    element = advance(index, element, shape, strides);
  }
  return values;
}

/** Moves a row-major index one on; gives the element it now points to. */
function advance(
  index: number[],
  element: number,
  shape: readonly number[],
  strides: readonly number[],
): number {
  let at = element;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = index[axis]! + 1;
    at += strides[axis]!;
    if (index[axis]! < shape[axis]!) return at;
    at -= index[axis]! * strides[axis]!;
    index[axis] = 0;
  }
  return at;
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32. */
function bfloat16ToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
