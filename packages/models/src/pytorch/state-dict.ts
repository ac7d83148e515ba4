import { LetheError } from '@lethe/contracts';
import { readSourceFile } from '../source-file.ts';
import { isLegacyArchive, readLegacyArchive } from './legacy-archive.ts';
import { TorchTensor, tensorValues } from './torch-storage.ts';
import { isZipArchive, readZipArchive } from './zip-archive.ts';

/** A tensor of a state dict, row-major. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Where training scripts put the state dict in what they save. */
const checkpointEntries = ['state_dict', 'model_state_dict', 'model', 'net'];

/**
 * Reads the state dict in a file of torch.save, of the legacy layout or the zip layout, or the
 * one inside a checkpoint. Nothing in the file is run. The prefix `module.` of DataParallel is
 * taken off the names.
 *
 * @throws LetheError `not_found` for a missing file; `invalid` for a foreign, damaged or
 *   truncated one, and for a global outside the allow-list
 */
export async function readStateDict(file: string): Promise<Map<string, StateTensor>> {
  const bytes = await readSourceFile(file);
  const archive = isZipArchive(bytes)
    ? readZipArchive(bytes, file)
    : isLegacyArchive(bytes)
      ? readLegacyArchive(bytes, file)
      : undefined;
  if (archive === undefined) {
    throw LetheError.invalid(
      file,
      `${bytes.length} bytes`,
      'is not a file of torch.save',
      'Give a PyTorch state dict (.th, .pt, .pth), saved by torch.save(model.state_dict(), path).',
    );
  }
  const tensors = new Map<string, StateTensor>();
  for (const [name, tensor] of findStateDict(archive.value, file)) {
    const { shape, storage } = tensor;
    const storageBytes = archive.storageBytes.get(storage.key);
    if (storageBytes === undefined) {
      throw LetheError.invalid(
        `${file}: ${name}`,
        storage.key,
        'has no data in the file',
        'The file is damaged: get it again.',
      );
    }
    const values = tensorValues(tensor, storageBytes, name, file);
    tensors.set(name.replace(/^module\./, ''), { shape, values });
  }
  return tensors;
}

function findStateDict(value: unknown, source: string): [string, TorchTensor][] {
  if (value instanceof Map) {
    const inner = checkpointEntries.map((key) => value.get(key)).find((it) => it instanceof Map);
    const entries = [...((inner ?? value) as Map<unknown, unknown>)].filter(
      (entry): entry is [string, TorchTensor] => entry[1] instanceof TorchTensor,
    );
    if (entries.length > 0) return entries;
  }
  throw LetheError.invalid(
    source,
    value instanceof Map ? [...value.keys()].slice(0, 5) : typeof value,
    'holds no state dict',
    `Save torch.save(model.state_dict(), path), or a dict with it under ${checkpointEntries.join(', ')}.`,
  );
}
