import { canonicalBytes, LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { concatenate } from './model-parts.ts';
import { type JsonObject, topologyOf } from './network-config.ts';
import { parseNetworkConfig } from './parse-network-config.ts';

/** One weight in the concatenation, in the order of `model.getWeights()`. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32';
}

/** The stored form of a network's structure: the standard model.json without paths. */
export interface Topology {
  readonly modelTopology: JsonObject;
  readonly weightSpecs: readonly WeightSpec[];
}

/** A weight that is NaN or infinite. */
export interface NonFinite {
  /** Name of the tensor. */
  readonly name: string;
  /** Position in the tensor, row-major. */
  readonly index: number;
  readonly value: number;
}

/**
 * Canonical JSON of `{ modelTopology, weightSpecs }`, the structure as one flat functional graph:
 * a model decoded from it encodes to the same bytes again.
 *
 * @throws LetheError `invalid` when two weights share a name, one is not float32, or the model
 *   holds an inner network, whose weights would come back in another order
 */
export function encodeTopology(model: tf.LayersModel): Uint8Array {
  const inner = model.layers.find((layer) => layer instanceof tf.LayersModel);
  if (inner !== undefined) {
    throw LetheError.invalid(
      `${model.name}: layer`,
      inner.name,
      'is a network inside the network',
      'Bring the model into one graph with toLogits before storing it.',
    );
  }
  const names = new Set<string>();
  const weightSpecs = model.weights.map((weight): WeightSpec => {
    const name = weight.originalName;
    if (names.has(name) || weight.dtype !== 'float32') {
      throw LetheError.invalid(
        `${model.name}: weight`,
        name,
        names.has(name) ? 'names two weights' : `is ${weight.dtype}, not float32`,
        'Give every layer its own name and keep weights in float32.',
      );
    }
    names.add(name);
    return { name, shape: weight.shape as number[], dtype: 'float32' };
  });
  const network = parseNetworkConfig(model.toJSON(null, false), model.name);
  return canonicalBytes({ modelTopology: topologyOf(network), weightSpecs });
}

/** @throws LetheError `corrupt` when the bytes are not what {@link encodeTopology} gives */
export function parseTopology(topologyBytes: Uint8Array): Topology {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(topologyBytes);
    const topology = JSON.parse(text) as Topology;
    if (typeof topology.modelTopology !== 'object' || !topology.weightSpecs.every(isSpec)) {
      throw new TypeError('modelTopology or weightSpecs missing');
    }
    return topology;
  } catch (cause) {
    throw new LetheError('corrupt', 'The stored topology is not a topology.', { cause });
  }
}

/** The weights of a model: little-endian float32, concatenated in the order of its weight specs. */
export async function encodeWeights(model: tf.LayersModel): Promise<Uint8Array> {
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return encodeArrays(values as Float32Array[]);
}

/** The inverse of {@link weightsOf}. */
export function encodeArrays(weights: readonly Float32Array[]): Uint8Array {
  return new Uint8Array(concatenate(weights).buffer);
}

/**
 * The weights of a model as one array per tensor, copied, in the order of `model.getWeights()`.
 *
 * @throws LetheError `corrupt` when the length does not fit the topology
 */
export function weightsOf(weightsBytes: Uint8Array, topologyBytes: Uint8Array): Float32Array[] {
  return splitWeights(weightsBytes, parseTopology(topologyBytes).weightSpecs);
}

/** As {@link weightsOf}, for specs that are already parsed. */
export function splitWeights(bytes: Uint8Array, specs: readonly WeightSpec[]): Float32Array[] {
  const expected = 4 * specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (bytes.length !== expected) {
    throw new LetheError(
      'corrupt',
      `The weights are ${bytes.length} bytes, their topology asks for ${expected}. ` +
        'Use the topology that was stored with them.',
    );
  }
  // Copied first: the bytes may start anywhere, float32 views only at multiples of four. Not by
  // bytes.slice, which on a Buffer is a view.
  const copy = Uint8Array.from(bytes).buffer;
  let offset = 0;
  return specs.map(({ shape }) => {
    const values = new Float32Array(copy.slice(offset, offset + 4 * sizeOf(shape)));
    offset += 4 * values.length;
    return values;
  });
}

/**
 * Puts weights into a model, in the order of `model.getWeights()`. They are copied: a backend
 * may read an array it is given long after.
 */
export function setWeights(model: tf.LayersModel, weights: readonly Float32Array[]): void {
  tf.tidy(() => {
    model.setWeights(
      model.weights.map(({ shape }, index) =>
        tf.tensor(weights[index]!.slice(), shape as number[]),
      ),
    );
  });
}

/** The first NaN or infinity, or undefined when all weights are finite. */
export function findNonFinite(
  weights: readonly Float32Array[],
  specs: readonly Pick<WeightSpec, 'name'>[],
): NonFinite | undefined {
  for (const [tensor, values] of weights.entries()) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      return { name: specs[tensor]?.name ?? `weight ${tensor}`, index, value: values[index]! };
    }
  }
  return undefined;
}

/** @throws LetheError `invalid` naming the first tensor that holds NaN or infinity */
export function refuseNonFinite(
  weights: readonly Float32Array[],
  specs: readonly Pick<WeightSpec, 'name'>[],
  source: string,
): void {
  const found = findNonFinite(weights, specs);
  if (found === undefined) return;
  throw LetheError.invalid(
    `${source}: weight ${found.name}[${found.index}]`,
    String(found.value),
    'is not a finite number',
    'The training diverged or the file is damaged: use an earlier save of the network.',
  );
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSpec(spec: WeightSpec): boolean {
  return (
    typeof spec.name === 'string' &&
    spec.dtype === 'float32' &&
    spec.shape.every((size) => Number.isInteger(size) && size >= 0)
  );
}
