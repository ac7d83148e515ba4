import { LetheError } from '@lethe/contracts';
import { readPickle } from './pickle.ts';
import { type AllowedGlobals, PickleGlobal } from './pickle-machine.ts';
import { storageTypeNames, type TorchStorage, TorchTensor } from './torch-storage.ts';

/**
 * Reads a pickle of tensors, as torch.save writes it, through an allow-list: dicts, tensors,
 * parameters and storages; nothing else has a name here.
 *
 * @throws LetheError `invalid` for any other global, and for descriptions that make no sense
 */
export function readTensorPickle(
  bytes: Uint8Array,
  offset: number,
  source: string,
): { readonly value: unknown; readonly end: number; readonly storages: Map<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>();
  const { value, end } = readPickle(bytes, offset, {
    allowed: allowedGlobals(source),
    persistent: (id) => {
      const storage = storageOf(id, source);
      const known = storages.get(storage.key);
      if (known !== undefined) return known;
      storages.set(storage.key, storage);
      return storage;
    },
    source,
  });
  return { value, end, storages };
}

function allowedGlobals(source: string): AllowedGlobals {
  const tensor = (storage: unknown, offset: unknown, shape: unknown, strides: unknown) =>
    tensorOf(storage, offset, shape, strides, source);
  return new Map<string, (...callArguments: readonly unknown[]) => unknown>([
    ['collections.OrderedDict', (items) => orderedDict(items, source)],
    ['torch._utils._rebuild_tensor', tensor],
    ['torch._utils._rebuild_tensor_v2', tensor],
    ['torch._utils._rebuild_parameter', (data) => data],
    // Storage types are only named, inside persistent ids: a call of one is an error.
    ...storageTypeNames.map((name) => [`torch.${name}`, () => notATensor(source, name)] as const),
  ]);
}

function orderedDict(items: unknown, source: string): Map<unknown, unknown> {
  if (items === undefined) return new Map();
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
    return notATensor(source, items);
  }
  return new Map(items as [unknown, unknown][]);
}

/** ('storage', type, key, location, length, view?) */
function storageOf(id: unknown, source: string): TorchStorage {
  const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
  if (
    kind !== 'storage' ||
    !(type instanceof PickleGlobal) ||
    !storageTypeNames.includes(type.name.slice('torch.'.length)) ||
    typeof key !== 'string' ||
    !Number.isInteger(length) ||
    length < 0 ||
    (view !== undefined && view !== null)
  ) {
    return notATensor(source, id);
  }
  return { key, type: type.name.slice('torch.'.length), length };
}

function tensorOf(
  storage: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  source: string,
): TorchTensor {
  if (
    !isStorage(storage) ||
    typeof offset !== 'number' ||
    !isNumbers(shape) ||
    !isNumbers(strides)
  ) {
    return notATensor(source, [offset, shape, strides]);
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === 'object' && value !== null && 'key' in value && 'length' in value;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function notATensor(source: string, value: unknown): never {
  throw LetheError.invalid(
    `${source}: tensor`,
    value instanceof PickleGlobal ? value.name : (value ?? null),
    'is not a tensor that can be read',
    'Save the weights again with a recent PyTorch: torch.save(model.state_dict(), path).',
  );
}
