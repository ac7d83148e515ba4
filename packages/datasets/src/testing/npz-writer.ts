import { crc32 } from 'node:zlib';

export interface ArrayToWrite {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  readonly fortranOrder?: boolean;
}

/** A `.npz` archive of arrays, stored plain. */
export function writeNpz(arrays: Readonly<Record<string, ArrayToWrite>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const file = Buffer.from(`${name}.npy`);
    const data = writeNpy(array);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(file.length, 22);
    const member = Buffer.concat([signature(0x04034b50), fields, file, data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(signature(0x02014b50), Buffer.from([20, 0]), fields, place, file);
    local.push(member);
    offset += member.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(arrays).length, 4);
  end.writeUInt16LE(Object.keys(arrays).length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, listing, signature(0x06054b50), end]);
}

function writeNpy({ dtype, shape, data, fortranOrder }: ArrayToWrite): Buffer {
  const order = fortranOrder === true ? 'True' : 'False';
  const shapeText = shape.map((size) => `${size},`).join(' ');
  const text = `{'descr': '${dtype}', 'fortran_order': ${order}, 'shape': (${shapeText}), }`;
  const header = text.padEnd(117, ' ');
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 0, 0]);
  prefix.writeUInt16LE(header.length + 1, 8);
  return Buffer.concat([prefix, Buffer.from(`${header}\n`), data]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
