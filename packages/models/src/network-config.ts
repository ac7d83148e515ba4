/**
 * A network's structure as data: the functional form of the Keras JSON that tfjs reads and
 * writes. Sequential models and networks inside networks are brought into one flat graph, so
 * that every rewrite (taking off a softmax, folding batch normalisation) has one kind of graph
 * to work on, and so that tfjs can read back what it writes: it numbers the calls of an inner
 * network one way when it saves and another way when it loads.
 */
/** [layer, node index, tensor index, call arguments] of the tensor that a layer reads. */
export type TensorRef = readonly [string, number, number, JsonObject?];

export interface LayerConfig {
  readonly class_name: string;
  readonly name: string;
  readonly config: JsonObject;
  /** One entry per call of the layer; each lists the tensors it reads. */
  readonly inbound_nodes: readonly (readonly TensorRef[])[];
}

export interface NetworkConfig {
  readonly name: string;
  readonly layers: readonly LayerConfig[];
  readonly input_layers: readonly TensorRef[];
  readonly output_layers: readonly TensorRef[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The `modelTopology` value of a network, as tfjs reads it. */
export function topologyOf(network: NetworkConfig): JsonObject {
  return { class_name: 'Model', config: network };
}
