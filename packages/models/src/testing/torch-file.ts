/** Writes what torch.save writes, for tests: pickles, the legacy layout and the zip layout. */

/** A Python object to pickle. */
export type Python =
  | string
  | number
  | boolean
  | null
  | { readonly kind: 'tuple'; readonly items: readonly Python[] }
  | { readonly kind: 'list'; readonly items: readonly Python[] }
  | { readonly kind: 'dict'; readonly items: readonly (readonly [Python, Python])[] }
  | { readonly kind: 'global'; readonly module: string; readonly name: string }
  | { readonly kind: 'call'; readonly callee: Python; readonly args: Python }
  | { readonly kind: 'persistent'; readonly id: Python }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export const tuple = (...items: readonly Python[]): Python => ({ kind: 'tuple', items });
export const dict = (items: readonly (readonly [Python, Python])[]): Python => ({
  kind: 'dict',
  items,
});
export const global = (module: string, name: string): Python => ({ kind: 'global', module, name });
export const call = (callee: Python, ...args: readonly Python[]): Python => ({
  kind: 'call',
  callee,
  args: tuple(...args),
});

export interface TestTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export function pickle(value: Python): Buffer {
  return Buffer.concat([Buffer.of(0x80, 2), opcodes(value), Buffer.from('.')]);
}

function opcodes(value: Python): Buffer {
  if (value === null) return Buffer.from('N');
  if (typeof value === 'boolean') return Buffer.of(value ? 0x88 : 0x89);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return integer(value);
  switch (value.kind) {
    case 'tuple':
      return Buffer.concat([Buffer.from('('), ...value.items.map(opcodes), Buffer.from('t')]);
    case 'list':
      return Buffer.concat([Buffer.from(']('), ...value.items.map(opcodes), Buffer.from('e')]);
    case 'dict':
      return Buffer.concat([
        Buffer.from('}('),
        ...value.items.flat().map(opcodes),
        Buffer.from('u'),
      ]);
    case 'global':
      return Buffer.from(`c${value.module}\n${value.name}\n`);
    case 'call':
      return Buffer.concat([opcodes(value.callee), opcodes(value.args), Buffer.from('R')]);
    case 'persistent':
      return Buffer.concat([opcodes(value.id), Buffer.from('Q')]);
    case 'bytes':
      return Buffer.from(value.bytes);
    default:
      return value satisfies never;
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.from('X\0\0\0\0');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.from('J\0\0\0\0');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** The state dict as torch pickles it: an OrderedDict of tensors, one storage each. */
export function stateDict(tensors: Readonly<Record<string, TestTensor>>): Python {
  const entries = Object.entries(tensors).map(
    ([name, tensor], index) => [name, tensorPickle(tensor, String(index))] as const,
  );
  // An OrderedDict is a call that gives an empty one, and items set on it.
  const items = entries.flat().map(opcodes);
  const bytes = Buffer.concat([
    opcodes(call(global('collections', 'OrderedDict'))),
    Buffer.from('('),
    ...items,
    Buffer.from('u'),
  ]);
  return { kind: 'bytes', bytes };
}

export function tensorPickle(tensor: TestTensor, key: string): Python {
  const storage = tuple(
    'storage',
    global('torch', 'FloatStorage'),
    key,
    'cpu',
    tensor.values.length,
  );
  const strides = tensor.shape.map((_, axis) =>
    tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1),
  );
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    { kind: 'persistent', id: storage },
    0,
    tuple(...tensor.shape),
    tuple(...strides),
    false,
    call(global('collections', 'OrderedDict')),
  );
}

/** The layout before PyTorch 1.6. `root` refers to storages "0", "1", … in the order of `tensors`. */
export function legacyFile(root: Python, tensors: readonly TestTensor[]): Buffer {
  const magic = Buffer.from([0x80, 2, 0x8a, 10, ...magicBytes, 0x2e]);
  const system = dict([
    ['protocol_version', 1001],
    ['little_endian', true],
  ]);
  const keys: Python = { kind: 'list', items: tensors.map((_, index) => String(index)) };
  const storages = tensors.map(({ values }) => {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(values.length));
    return Buffer.concat([length, Buffer.from(values.buffer)]);
  });
  return Buffer.concat([magic, ...[1001, system, root, keys].map(pickle), ...storages]);
}

const magicBytes = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** The layout since PyTorch 1.6. */
export function zipFile(root: Python, tensors: readonly TestTensor[]): Buffer {
  return zip([
    ['archive/data.pkl', pickle(root)],
    ['archive/byteorder', Buffer.from('little')],
    ...tensors.map(({ values }, i) => [`archive/data/${i}`, Buffer.from(values.buffer)] as const),
  ]);
}

/** A zip of stored entries. Checksums are left out: readers of torch files do not look at them. */
export function zip(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(data.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), data);
    centrals.push(central, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(centrals).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...centrals, end]);
}
