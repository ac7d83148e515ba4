import path from 'node:path';
import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import type { NamedWeight } from './model-parts.ts';
import type { JsonObject } from './network-config.ts';
import { readSourceFile } from './source-file.ts';
import { sizeOf } from './weights.ts';

/** Bytes of one stored element; a quantised weight is stored smaller than it is. */
const elementBytes: Readonly<Record<string, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

interface WeightGroup {
  readonly paths: readonly string[];
  readonly specs: readonly tf.io.WeightsManifestEntry[];
}

/**
 * Reads the weights that a `weightsManifest` lists, as float32; quantised ones are expanded.
 * Weights of an optimizer are left out.
 *
 * @param file path of model.json: shards lie beside it
 * @throws LetheError `not_found` for a missing shard; `invalid` for truncated shards, shards
 *   outside the folder, and a manifest that is none
 */
export async function readWeightGroups(manifest: unknown, file: string): Promise<NamedWeight[]> {
  if (!Array.isArray(manifest)) {
    throw LetheError.invalid(
      `${file}: weightsManifest`,
      manifest ?? null,
      'is missing',
      'Save the model together with its weights (model.save without trainableOnly).',
    );
  }
  const weights: NamedWeight[] = [];
  for (const [index, group] of manifest.entries()) {
    weights.push(...(await readGroup(parseGroup(group, index, file), file)));
  }
  return weights;
}

async function readGroup(group: WeightGroup, file: string): Promise<NamedWeight[]> {
  const shards = await Promise.all(
    group.paths.map((shard) => readSourceFile(shardPath(shard, file))),
  );
  const expected = group.specs.reduce((sum, spec) => sum + storedBytes(spec, file), 0);
  const actual = shards.reduce((sum, { length }) => sum + length, 0);
  if (actual !== expected) {
    throw LetheError.invalid(
      `${path.dirname(file)}: ${group.paths.join(', ')}`,
      `${actual} bytes`,
      `${actual < expected ? 'is truncated' : 'is too long'}: model.json asks for ${expected} bytes`,
      'Copy model.json and all its weight files again, from one save of the model.',
    );
  }
  const whole = new Uint8Array(expected);
  let offset = 0;
  for (const shard of shards) {
    whole.set(shard, offset);
    offset += shard.length;
  }
  return decode(whole.buffer, group.specs);
}

async function decode(
  buffer: ArrayBuffer,
  specs: readonly tf.io.WeightsManifestEntry[],
): Promise<NamedWeight[]> {
  const tensors = tf.io.decodeWeights(buffer, [...specs]);
  try {
    return await Promise.all(
      specs
        .filter(({ group }) => group !== 'optimizer')
        .map(async ({ name, shape }) => ({
          name,
          shape,
          values: Float32Array.from(await tensors[name]!.data()),
        })),
    );
  } finally {
    tf.dispose(tensors);
  }
}

function storedBytes(spec: tf.io.WeightsManifestEntry, file: string): number {
  const dtype = spec.quantization?.dtype ?? spec.dtype;
  const bytes = elementBytes[dtype];
  if (bytes !== undefined) return bytes * sizeOf(spec.shape);
  throw LetheError.invalid(
    `${file}: weight ${spec.name}: dtype`,
    dtype,
    `is not one of ${Object.keys(elementBytes).join(', ')}`,
    'Save the model with float32 weights.',
  );
}

function parseGroup(value: unknown, index: number, file: string): WeightGroup {
  const { paths, weights } = (value ?? {}) as JsonObject;
  const isGroup =
    Array.isArray(paths) &&
    paths.every((item) => typeof item === 'string') &&
    Array.isArray(weights) &&
    weights.every(isSpec);
  if (isGroup) return { paths, specs: weights };
  throw LetheError.invalid(
    `${file}: weightsManifest[${index}]`,
    value ?? null,
    'does not list paths and weights',
    'Save the model again.',
  );
}

function isSpec(value: unknown): value is tf.io.WeightsManifestEntry {
  const { name, shape, dtype } = (value ?? {}) as JsonObject;
  return (
    typeof name === 'string' &&
    typeof dtype === 'string' &&
    Array.isArray(shape) &&
    shape.every((size) => Number.isInteger(size) && size >= 0)
  );
}

/** A manifest is somebody else's text: it may not lead out of its folder. */
function shardPath(shard: string, file: string): string {
  const folder = path.resolve(path.dirname(file));
  const resolved = path.resolve(folder, shard);
  if (resolved.startsWith(folder + path.sep)) return resolved;
  throw LetheError.invalid(
    `${file}: weightsManifest path`,
    shard,
    'leads out of the folder of model.json',
    'Put the weight files beside model.json.',
  );
}
