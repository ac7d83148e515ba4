/**
 * Batch normalisation folded into the layer before it. In evaluation mode
 * BN(w∗x + b) = γ·(w∗x + b − μ)/σ + β with σ = √(variance + ε) is itself such a layer, with
 * w′ = w·γ/σ and b′ = β + (b − μ)·γ/σ per output channel. Statistics are then frozen by
 * construction, and passes are cheaper.
 */
import type * as tf from '@tensorflow/tfjs';
import {
  layersOf,
  type ModelParts,
  type NamedWeight,
  putTogether,
  takeApart,
} from './model-parts.ts';
import type { LayerConfig, NetworkConfig, TensorRef } from './network-config.ts';

/** Layers whose output is linear in a kernel, and where their channels lie in it. */
const foldable = new Set(['Conv2D', 'DepthwiseConv2D', 'Dense']);

/**
 * The same function with fewer layers. A BatchNormalization over the last axis is folded when
 * its only input is a Conv2D, DepthwiseConv2D or Dense layer with linear activation that
 * nothing else reads and that is as trainable as itself; others stay.
 *
 * Gives a new model; the one given stays yours to dispose.
 */
export async function foldBatchNorm(model: tf.LayersModel): Promise<tf.LayersModel> {
  const layers = new Map(layersOf(model).map((layer) => [layer.name, layer]));
  const rankOf = (name: string) => layers.get(name)!.outputShape.length;
  return putTogether(foldParts(await takeApart(model), rankOf));
}

/** {@link foldBatchNorm} on plain data; `rankOf` a layer's output counts the batch axis. */
function foldParts(parts: ModelParts, rankOf: (layer: string) => number): ModelParts {
  return parts.network.layers.reduce((folded, { name }) => {
    const norm = layerNamed(folded.network, name);
    const linear = norm && foldTarget(folded.network, norm, rankOf);
    return linear === undefined ? folded : foldOne(folded, linear, norm!);
  }, parts);
}

function layerNamed(network: NetworkConfig, name: string | undefined): LayerConfig | undefined {
  return network.layers.find((layer) => layer.name === name);
}

function foldTarget(
  network: NetworkConfig,
  norm: LayerConfig,
  rankOf: (layer: string) => number,
): LayerConfig | undefined {
  if (norm.class_name !== 'BatchNormalization' || norm.inbound_nodes.length !== 1) return undefined;
  const inputs = norm.inbound_nodes[0]!;
  const linear = layerNamed(network, inputs[0]?.[0]);
  if (inputs.length !== 1 || linear === undefined) return undefined;
  const fits =
    foldable.has(linear.class_name) &&
    linear.inbound_nodes.length === 1 &&
    (linear.config['activation'] ?? 'linear') === 'linear' &&
    isChannelsLast(linear) &&
    [-1, rankOf(norm.name) - 1].includes(Number(norm.config['axis'] ?? -1)) &&
    isTrainable(norm) === isTrainable(linear) &&
    readersOf(network, linear.name) === 1;
  return fits ? linear : undefined;
}

function readersOf(network: NetworkConfig, name: string): number {
  const refs = [...network.layers.flatMap((layer) => layer.inbound_nodes.flat())];
  return [...refs, ...network.output_layers].filter(([read]) => read === name).length;
}

function isChannelsLast({ config }: LayerConfig): boolean {
  const format = config['data_format'] ?? 'channels_last';
  return format === 'channels_last' || format === 'channelsLast';
}

function isTrainable({ config }: LayerConfig): boolean {
  return config['trainable'] !== false;
}

function foldOne(parts: ModelParts, linear: LayerConfig, norm: LayerConfig): ModelParts {
  const kernel = parts.weights.get(linear.name)![0]!;
  const bias = linear.config['use_bias'] === false ? undefined : parts.weights.get(linear.name)![1];
  const channels = parts.weights.get(norm.name)!.at(-1)!.values.length;
  const { factor, shift } = channelAffine(norm, parts.weights.get(norm.name)!, channels);

  // The output channel is the fastest-running index: of a kernel [h, w, in, out], of a
  // depthwise one [h, w, in, multiplier] (channel = in · multiplier + m), of a dense one [in, out].
  const weights = new Map(parts.weights);
  weights.delete(norm.name);
  weights.set(linear.name, [
    { ...kernel, values: kernel.values.map((value, i) => value * factor[i % channels]!) },
    {
      name: bias?.name ?? kernel.name.replace(/[^/]*$/, 'bias'),
      shape: [channels],
      values: Float32Array.from(shift, (value, c) => value + (bias?.values[c] ?? 0) * factor[c]!),
    },
  ]);
  const withBias = { ...linear, config: { ...linear.config, use_bias: true } };
  return { network: bypass(parts.network, linear, withBias, norm), weights };
}

/** γ/σ and β − μ·γ/σ per channel, in double precision. */
function channelAffine(norm: LayerConfig, weights: readonly NamedWeight[], channels: number) {
  const [variance, mean, ...affine] = weights.map(({ values }) => values).reverse();
  const beta = norm.config['center'] === false ? undefined : affine.shift();
  const gamma = norm.config['scale'] === false ? undefined : affine.shift();
  const epsilon = Number(norm.config['epsilon'] ?? 1e-3);
  const factor = Float64Array.from(
    { length: channels },
    (_, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance![c]! + epsilon),
  );
  const shift = factor.map((value, c) => (beta?.[c] ?? 0) - mean![c]! * value);
  return { factor, shift };
}

/** Everything that read `gone` reads `before` instead. */
function bypass(
  network: NetworkConfig,
  before: LayerConfig,
  replacement: LayerConfig,
  gone: LayerConfig,
): NetworkConfig {
  const redirect = (ref: TensorRef): TensorRef =>
    ref[0] === gone.name ? [before.name, 0, 0, ref[3] ?? {}] : ref;
  return {
    ...network,
    layers: network.layers
      .filter((layer) => layer !== gone)
      .map((layer) => (layer === before ? replacement : layer))
      .map((layer) => ({
        ...layer,
        inbound_nodes: layer.inbound_nodes.map((node) => node.map(redirect)),
      })),
    output_layers: network.output_layers.map(redirect),
  };
}
