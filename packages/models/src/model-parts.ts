import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { type NetworkConfig, topologyOf } from './network-config.ts';
import { parseNetworkConfig } from './parse-network-config.ts';

/** One weight, by the name tfjs stores it under (`layer/kernel`). */
export interface NamedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A network as plain data: structure, and the weights of each layer in the layer's own order. */
export interface ModelParts {
  readonly network: NetworkConfig;
  readonly weights: ReadonlyMap<string, readonly NamedWeight[]>;
}

/** Reads a model; it stays as it is and stays yours to dispose. */
export async function takeApart(model: tf.LayersModel): Promise<ModelParts> {
  const weights = new Map<string, readonly NamedWeight[]>();
  for (const layer of layersOf(model)) {
    const values = await Promise.all(layer.getWeights().map((weight) => weight.data()));
    weights.set(
      layer.name,
      layer.weights.map((weight, index) => ({
        name: weight.originalName,
        shape: weight.shape as number[],
        values: Float32Array.from(values[index]!),
      })),
    );
  }
  const topology: unknown = model.toJSON(null, false);
  return { network: parseNetworkConfig(topology, model.name), weights };
}

/** All layers, those of inner networks in their place. */
export function layersOf(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) =>
    layer instanceof tf.LayersModel ? layersOf(layer) : [layer],
  );
}

/**
 * Builds a model on the open backend. Dispose it when done.
 *
 * @throws LetheError `invalid` naming the layer or weight that does not fit
 */
export async function putTogether(parts: ModelParts): Promise<tf.LayersModel> {
  return buildModel(parts.network, [...parts.weights.values()].flat(), parts.network.name);
}

/**
 * Builds a model from its structure and weights by name; without weights, as its initialisers
 * say. `source` names it in errors.
 *
 * @throws LetheError `invalid` for unknown layers and weights that do not fit
 */
export async function buildModel(
  network: NetworkConfig,
  weights: readonly NamedWeight[] | undefined,
  source: string,
): Promise<tf.LayersModel> {
  checkLayerClasses(network, source);
  try {
    // tfjs edits the topology it is given: it gets a copy.
    const modelTopology = structuredClone(topologyOf(network)) as tf.io.ModelJSON['modelTopology'];
    return await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, ...weightArtifacts(weights) }),
    );
  } catch (cause) {
    throw new LetheError(
      'invalid',
      `${source}: the network cannot be built: ${cause instanceof Error ? cause.message : cause}. ` +
        'Structure and weights must come from the same save of one model; save it again.',
      { cause },
    );
  }
}

function weightArtifacts(weights: readonly NamedWeight[] | undefined) {
  if (weights === undefined) return {};
  return {
    weightSpecs: weights.map(({ name, shape }) => ({
      name,
      shape: [...shape],
      dtype: 'float32' as const,
    })),
    weightData: concatenate(weights.map(({ values }) => values)).buffer,
  };
}

/** One array from several, in order. */
export function concatenate(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const values of arrays) {
    whole.set(values, offset);
    offset += values.length;
  }
  return whole;
}

function checkLayerClasses(network: NetworkConfig, source: string): void {
  const known = tf.serialization.SerializationMap.getMap().classNameMap;
  for (const layer of network.layers) {
    if (Object.hasOwn(known, layer.class_name)) continue;
    throw LetheError.invalid(
      `${source}: layer ${layer.name}: class_name`,
      layer.class_name,
      'is not a layer that TensorFlow.js knows',
      'Rebuild the network from standard Keras layers and save it again.',
    );
  }
}
