import { LetheError } from '@lethe/contracts';
import * as h5wasm from 'h5wasm';
import { readSourceFile } from '../source-file.ts';

/** One weight as Keras stored it. */
export interface KerasWeight {
  /** For example `conv2d/kernel:0`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface KerasFile {
  /** The attribute `model_config`, parsed. */
  readonly modelConfig: unknown;
  /** By the name of the group: a layer, or a network inside the network. */
  readonly weights: ReadonlyMap<string, readonly KerasWeight[]>;
}

const hdf5Signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads architecture and weights of a model that Keras saved as HDF5. The HDF5 library sees
 * only the bytes of this file, in memory: a link in it to another file leads nowhere.
 *
 * @throws LetheError `not_found` for a missing file; `invalid` for other formats, for weights
 *   without architecture, and for a damaged file
 */
export async function readKerasFile(path: string): Promise<KerasFile> {
  const bytes = await readSourceFile(path);
  if (!hdf5Signature.every((byte, i) => bytes[i] === byte)) {
    throw LetheError.invalid(
      path,
      bytes[0] === 0x50 && bytes[1] === 0x4b ? 'zip archive' : `${bytes.length} bytes`,
      'is not an HDF5 file',
      "Save the model as HDF5: model.save('model.h5') (a .keras or SavedModel can be loaded and saved so).",
    );
  }
  const library = await h5wasm.ready;
  library.activate_throwing_error_handler();
  library.FS.writeFile(nameInMemory, bytes);
  try {
    return readOpened(path);
  } catch (thrown) {
    if (thrown instanceof LetheError) throw thrown;
    throw LetheError.invalid(
      path,
      `${bytes.length} bytes`,
      `is damaged or cut off: ${firstLine(thrown)}`,
      'Check that the download is complete, or save the model again.',
    );
  } finally {
    library.FS.unlink(nameInMemory);
  }
}

/** In the file system that the library has in memory; one file is open at a time, synchronously. */
const nameInMemory = 'model.h5';

function readOpened(path: string): KerasFile {
  const file = new h5wasm.File(nameInMemory, 'r');
  try {
    const config = file.attrs['model_config']?.value;
    const root = file.get('model_weights');
    if (typeof config !== 'string' || !(root instanceof h5wasm.Group)) {
      throw LetheError.invalid(
        `${path}: ${typeof config === 'string' ? 'model_weights' : 'model_config'}`,
        file.keys().slice(0, 5),
        file.attrs['layer_names'] === undefined
          ? 'is missing: this is not a Keras model'
          : 'is missing: the file holds weights without their architecture',
        "Save the whole model with model.save('model.h5'), not save_weights.",
      );
    }
    const weights = new Map<string, KerasWeight[]>();
    for (const name of textList(root, 'layer_names')) {
      const group = root.get(name);
      if (!(group instanceof h5wasm.Group)) throw missing(path, `model_weights/${name}`);
      weights.set(
        name,
        textList(group, 'weight_names').map((weight) => readWeight(group, weight, path)),
      );
    }
    return { modelConfig: parseConfig(config, path), weights };
  } finally {
    file.close();
  }
}

function readWeight(group: h5wasm.Group, name: string, path: string): KerasWeight {
  const data = group.get(name);
  if (!(data instanceof h5wasm.Dataset)) throw missing(path, `${group.path}/${name}`);
  const { value, shape } = data;
  if (!(value instanceof Float32Array || value instanceof Float64Array)) {
    throw LetheError.invalid(
      `${path}: ${group.path}/${name}`,
      String(data.dtype),
      'is not a tensor of float32 or float64',
      'Save the model with float32 weights (dtype policy float32).',
    );
  }
  return { name, shape: shape ?? [], values: Float32Array.from(value) };
}

/** Keras splits a list that is too long for one attribute into name0, name1, … */
function textList(group: h5wasm.Group, attribute: string): string[] {
  const whole = group.attrs[attribute];
  if (whole !== undefined) return texts(whole.value);
  const parts: string[] = [];
  for (let i = 0; group.attrs[`${attribute}${i}`] !== undefined; i++) {
    parts.push(...texts(group.attrs[`${attribute}${i}`]!.value));
  }
  return parts;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function parseConfig(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw LetheError.invalid(
      `${path}: model_config`,
      text,
      `is not JSON (${firstLine(cause)})`,
      'Save the model again.',
    );
  }
}

function missing(path: string, entry: string): LetheError {
  return LetheError.invalid(
    `${path}: ${entry}`,
    'absent',
    'is listed but not there',
    'Save the model again.',
  );
}

function firstLine(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.split('\n', 1)[0]!;
}
