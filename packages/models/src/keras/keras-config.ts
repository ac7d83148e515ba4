/**
 * Keras's JSON of a model, as written by Keras 2 and 3, brought into the dialect of Keras 2
 * that tfjs reads. What only matters to training by Keras (initialisers, regularisers,
 * constraints) is left out; what tfjs would silently ignore, and compute something else, is
 * refused.
 */
import { LetheError } from '@lethe/contracts';
import type { JsonObject } from '../network-config.ts';

/** @throws LetheError `invalid` naming layer and setting that tfjs cannot compute */
export function tfjsTopology(modelConfig: unknown, source: string): JsonObject {
  const model = object(modelConfig);
  const config = Array.isArray(model['config'])
    ? { layers: model['config'] }
    : object(model['config']);
  const layers = Array.isArray(config['layers']) ? (config['layers'] as unknown[]) : [];
  return {
    ...model,
    config: { ...config, layers: layers.map((layer) => tfjsLayer(object(layer), source)) },
  };
}

function tfjsLayer(layer: JsonObject, source: string): JsonObject {
  const nodes = Array.isArray(layer['inbound_nodes']) ? (layer['inbound_nodes'] as unknown[]) : [];
  const inbound_nodes = nodes.map((node) => inboundNode(node, layer, source));
  const isContainer = Array.isArray(layer['config']) || 'layers' in object(layer['config']);
  if (isContainer) return { ...tfjsTopology(layer, source), inbound_nodes };
  return { ...layer, config: layerConfig(layer, source), inbound_nodes };
}

function layerConfig(layer: JsonObject, source: string): JsonObject {
  const config: Record<string, unknown> = { ...object(layer['config']) };
  for (const key of Object.keys(config)) {
    if (key.endsWith('_regularizer') || key.endsWith('_constraint')) delete config[key];
    // Weights come from the file: zeros are the cheapest thing to overwrite.
    if (key.endsWith('_initializer')) config[key] = { class_name: 'Zeros', config: {} };
  }
  if ('batch_shape' in config) {
    config['batch_input_shape'] = config['batch_shape'];
    delete config['batch_shape'];
  }
  // A policy of mixed precision computes in float16; weights and tfjs are float32.
  if (typeof config['dtype'] === 'object' || String(config['dtype']).startsWith('mixed')) {
    config['dtype'] = 'float32';
  }
  const { axis } = config;
  if (Array.isArray(axis) && axis.length === 1) config['axis'] = axis[0];
  if (layer['class_name'] === 'LeakyReLU' && 'negative_slope' in config) {
    config['alpha'] = config['negative_slope'];
  }
  refuseUncomputable(layer, config, source);
  return config;
}

function refuseUncomputable(layer: JsonObject, config: JsonObject, source: string): void {
  const isRelu = layer['class_name'] === 'ReLU';
  const reasons: readonly (readonly [string, boolean])[] = [
    ['groups', (config['groups'] ?? 1) !== 1],
    ['ragged', config['ragged'] === true],
    ['sparse', config['sparse'] === true],
    ['keepdims', config['keepdims'] === true],
    ['renorm', config['renorm'] === true],
    ['activation', typeof config['activation'] === 'object' && config['activation'] !== null],
    ['axis', Array.isArray(config['axis']) && layer['class_name'] === 'BatchNormalization'],
    ['negative_slope', isRelu && (config['negative_slope'] ?? 0) !== 0],
    ['threshold', isRelu && (config['threshold'] ?? 0) !== 0],
  ];
  const reason = reasons.find(([, applies]) => applies);
  if (reason === undefined) return;
  throw LetheError.invalid(
    `${source}: layer ${String(config['name'])}: ${reason[0]}`,
    config[reason[0]],
    `cannot be computed by a ${String(layer['class_name'])} layer of TensorFlow.js`,
    'Rebuild this layer from others (for example a Reshape, a LeakyReLU) and save the model again.',
  );
}

/** Keras 3 writes the tensors a layer reads as `{ args, kwargs }`, Keras 2 as a list of references. */
function inboundNode(node: unknown, layer: JsonObject, source: string): unknown {
  if (Array.isArray(node)) return node;
  const { args, kwargs } = object(node);
  if (histories(kwargs).length > 0) {
    throw LetheError.invalid(
      `${source}: layer ${String(layer['name'])}: inbound_nodes`,
      kwargs,
      'reads a tensor as a named argument',
      'Call the layer with positional inputs and save the model again.',
    );
  }
  return histories(args);
}

/** The `keras_history` of every tensor in a value, in order. */
function histories(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(histories);
  if (typeof value !== 'object' || value === null) return [];
  const entry = value as JsonObject;
  if (entry['class_name'] === '__keras_tensor__') return [object(entry['config'])['keras_history']];
  return Object.values(entry).flatMap(histories);
}

/** Anything that is not an object is left to the reader of the topology to refuse. */
function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}
