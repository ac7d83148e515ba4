import { LetheError } from '@lethe/contracts';
import { checkGraph } from './check-graph.ts';
import { inlineInnerNetworks } from './inner-networks.ts';
import type { JsonObject, LayerConfig, NetworkConfig, TensorRef } from './network-config.ts';

const containerClasses = new Set(['Model', 'Functional', 'Sequential']);

/**
 * Reads `modelTopology` (or Keras's `model_config`), functional or Sequential.
 *
 * @param source names the file or model in errors
 * @throws LetheError `invalid` when it is no such structure, or its graph is broken
 */
export function parseNetworkConfig(topology: unknown, source: string): NetworkConfig {
  const network = parseContainer(topology, source);
  checkGraph(network, source);
  return network;
}

function parseContainer(topology: unknown, source: string): NetworkConfig {
  const outer = object(topology, 'modelTopology', source);
  const model = object(outer['model_config'] ?? outer, 'model_config', source);
  const className = text(model['class_name'], 'class_name', source);
  if (!containerClasses.has(className)) {
    throw LetheError.invalid(
      `${source}: class_name`,
      className,
      'is not a Sequential or functional model',
      'Subclassed models hold code, not structure: rebuild the network from standard layers and save it again.',
    );
  }
  const network =
    className === 'Sequential'
      ? sequentialNetwork(model['config'], source)
      : functionalNetwork(model['config'], source);
  return inlineInnerNetworks(network, source, (layer) =>
    containerClasses.has(layer.class_name) ? parseContainer(layer, source) : undefined,
  );
}

function functionalNetwork(value: unknown, source: string): NetworkConfig {
  const config = object(value, 'config', source);
  return {
    name: text(config['name'] ?? 'network', 'config.name', source),
    layers: list(config['layers'], 'config.layers', source).map((layer, index) =>
      parseLayer(layer, `layers[${index}]`, source),
    ),
    input_layers: tensorRefs(config['input_layers'], 'input_layers', source),
    output_layers: tensorRefs(config['output_layers'], 'output_layers', source),
  };
}

function parseLayer(value: unknown, path: string, source: string): LayerConfig {
  const layer = object(value, path, source);
  const config = Array.isArray(layer['config'])
    ? { layers: layer['config'] }
    : object(layer['config'], `${path}.config`, source);
  return {
    class_name: text(layer['class_name'], `${path}.class_name`, source),
    name: text(layer['name'] ?? config['name'], `${path}.name`, source),
    config,
    inbound_nodes: list(layer['inbound_nodes'] ?? [], `${path}.inbound_nodes`, source).map((node) =>
      tensorRefs(node, `${path}.inbound_nodes`, source),
    ),
  };
}

function sequentialNetwork(value: unknown, source: string): NetworkConfig {
  const config = Array.isArray(value) ? { layers: value } : object(value, 'config', source);
  const layers = list(config['layers'], 'config.layers', source).map((layer, index) =>
    parseLayer(layer, `layers[${index}]`, source),
  );
  const first = layers[0];
  if (first === undefined) {
    throw LetheError.invalid(`${source}: layers`, [], 'is empty', 'Save a network with layers.');
  }
  const chain =
    first.class_name === 'InputLayer' ? layers : [inputFor(first, config, source), ...layers];
  return {
    name: text(config['name'] ?? 'network', 'config.name', source),
    layers: chain.map((layer, index) => ({
      ...layer,
      inbound_nodes: index === 0 ? [] : [[[chain[index - 1]!.name, 0, 0]]],
    })),
    input_layers: [[chain[0]!.name, 0, 0]],
    output_layers: [[chain.at(-1)!.name, 0, 0]],
  };
}

/** A Sequential model may leave its input to the first layer, or to the first one inside that. */
function inputFor(first: LayerConfig, model: JsonObject, source: string): LayerConfig {
  const shape = inputShape(first) ?? model['build_input_shape'];
  if (!Array.isArray(shape)) {
    throw LetheError.invalid(
      `${source}: layers[0].config.batch_input_shape`,
      shape ?? null,
      'says no input shape',
      'Build the model before saving it (give the first layer an input shape).',
    );
  }
  const name = `${first.name}_input`;
  return {
    class_name: 'InputLayer',
    name,
    config: { name, batch_input_shape: shape, dtype: 'float32', sparse: false },
    inbound_nodes: [],
  };
}

function inputShape(layer: LayerConfig): unknown {
  const own = layer.config['batch_input_shape'];
  if (own !== undefined && own !== null) return own;
  const inner = layer.config['layers'];
  const innermost = Array.isArray(inner) ? (inner[0] as LayerConfig | undefined) : undefined;
  return innermost?.config === undefined ? undefined : inputShape(innermost);
}

/** Accepts `[["a", 0, 0]]` and, for one tensor, `["a", 0, 0]`. */
function tensorRefs(value: unknown, path: string, source: string): TensorRef[] {
  const items = list(value, path, source);
  return (typeof items[0] === 'string' ? [items] : items).map((item) => {
    const [name, node, tensor, callArguments] = list(item, path, source);
    if (typeof name !== 'string' || !isIndex(node) || !isIndex(tensor)) {
      throw notA('a [layer, node, tensor] reference', path, item, source);
    }
    const extra = object(callArguments ?? {}, path, source);
    return Object.keys(extra).length === 0 ? [name, node, tensor] : [name, node, tensor, extra];
  });
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function object(value: unknown, path: string, source: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw notA('an object', path, value, source);
}

function list(value: unknown, path: string, source: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw notA('a list', path, value, source);
}

function text(value: unknown, path: string, source: string): string {
  if (typeof value === 'string') return value;
  throw notA('a text', path, value, source);
}

function notA(what: string, path: string, value: unknown, source: string): LetheError {
  return LetheError.invalid(
    `${source}: ${path}`,
    value ?? null,
    `is not ${what}`,
    'Use a model saved by Keras or TensorFlow.js as layers (not as a graph).',
  );
}
