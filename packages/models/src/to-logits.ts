import { LetheError } from '@lethe/contracts';
import type * as tf from '@tensorflow/tfjs';
import { type ModelParts, type NamedWeight, putTogether, takeApart } from './model-parts.ts';
import type { LayerConfig, NetworkConfig, TensorRef } from './network-config.ts';

type FinalActivation = 'softmax' | 'sigmoid' | 'none';

/**
 * The same network ending in logits: a final softmax or sigmoid, whether a layer of its own or
 * the activation of the last layer, is taken off by rewriting the structure. One sigmoid unit
 * with logit z (two classes, label 1 = "yes") becomes the two logits [−z/2, z/2] through a
 * frozen dense layer, so that their softmax is [1 − sigmoid(z), sigmoid(z)]. Several sigmoid
 * units (one against the rest) become their logits.
 *
 * Gives a new model; the one given stays yours to dispose.
 *
 * @throws LetheError `invalid` for one output without a sigmoid: that is no classifier
 */
export async function toLogits(model: tf.LayersModel): Promise<tf.LayersModel> {
  const parts = await takeApart(model);
  const { network, removed } = withoutFinalActivation(parts.network);
  const bare: ModelParts = { network, weights: parts.weights };
  const units = model.outputs[0]?.shape.at(-1);
  if (model.outputs.length !== 1 || units !== 1) return putTogether(bare);
  if (removed !== 'sigmoid') {
    throw LetheError.invalid(
      `${model.name}: output shape`,
      model.outputs[0]!.shape,
      'one output without a sigmoid is not a classifier',
      'End the network in one logit or probability per class, or in one sigmoid unit for two classes.',
    );
  }
  return putTogether(withTwoLogits(bare));
}

function withoutFinalActivation(network: NetworkConfig): {
  network: NetworkConfig;
  removed: FinalActivation;
} {
  const output = network.output_layers[0];
  const last = network.layers.find(({ name }) => name === output?.[0]);
  if (network.output_layers.length !== 1 || last === undefined || last.inbound_nodes.length !== 1) {
    return { network, removed: 'none' };
  }
  const removed = finalActivation(last);
  if (removed === 'none') return { network, removed };
  const source = last.inbound_nodes[0]![0]!;
  if (last.class_name === 'Activation' || last.class_name === 'Softmax') {
    return { network: withoutLayer(network, last, source), removed };
  }
  const linear = { ...last, config: { ...last.config, activation: 'linear' } };
  return { network: withLayer(network, last, linear), removed };
}

function finalActivation(layer: LayerConfig): FinalActivation {
  if (layer.class_name === 'Softmax') return 'softmax';
  const activation = layer.config['activation'];
  return activation === 'softmax' || activation === 'sigmoid' ? activation : 'none';
}

function withLayer(network: NetworkConfig, old: LayerConfig, replacement: LayerConfig) {
  const layers = network.layers.map((layer) => (layer === old ? replacement : layer));
  return { ...network, layers };
}

function withoutLayer(network: NetworkConfig, gone: LayerConfig, source: TensorRef) {
  return {
    ...network,
    layers: network.layers.filter((layer) => layer !== gone),
    output_layers: [[source[0], source[1], source[2]] as const],
  };
}

function withTwoLogits(parts: ModelParts): ModelParts {
  const { network } = parts;
  const [source, node, tensor] = network.output_layers[0]!;
  const name = `${source}_two_logits`;
  const layer: LayerConfig = {
    class_name: 'Dense',
    name,
    config: { name, units: 2, activation: 'linear', use_bias: false, trainable: false },
    inbound_nodes: [[[source, node, tensor]]],
  };
  const kernel: NamedWeight = {
    name: `${name}/kernel`,
    shape: [1, 2],
    values: Float32Array.of(-0.5, 0.5),
  };
  return {
    network: {
      ...network,
      layers: [...network.layers, layer],
      output_layers: [[name, 0, 0]],
    },
    weights: new Map([...parts.weights, [name, [kernel]]]),
  };
}
