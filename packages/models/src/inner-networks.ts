import { LetheError } from '@lethe/contracts';
import type { LayerConfig, NetworkConfig, TensorRef } from './network-config.ts';

/**
 * The same network with the layers of inner networks (a backbone in transfer learning) put in
 * their place. `inner` gives the network that a layer stands for, itself without inner ones,
 * or undefined for an ordinary layer.
 *
 * @throws LetheError `invalid` for an inner network that is called several times
 */
export function inlineInnerNetworks(
  network: NetworkConfig,
  source: string,
  inner: (layer: LayerConfig) => NetworkConfig | undefined,
): NetworkConfig {
  return network.layers.reduce((flat, layer) => {
    const content = inner(layer);
    return content === undefined ? flat : inlineOne(flat, layer, content, source);
  }, network);
}

function inlineOne(
  outer: NetworkConfig,
  container: LayerConfig,
  content: NetworkConfig,
  source: string,
): NetworkConfig {
  // Read again: an earlier inlining may have changed what the container reads.
  const place = outer.layers.findIndex(({ name }) => name === container.name);
  const calls = outer.layers[place]!.inbound_nodes;
  if (calls.length !== 1) {
    throw LetheError.invalid(
      `${source}: layer`,
      container.name,
      `is a network called ${calls.length} times`,
      'Call every inner network once, or build its layers directly into the outer one.',
    );
  }
  const inputs = new Map(content.input_layers.map(([name], i) => [name, calls[0]![i]!]));
  const fromOutside = (ref: TensorRef) => inputs.get(ref[0]) ?? ref;
  const outputs = content.output_layers.map(fromOutside);
  const toInside = (ref: TensorRef) => (ref[0] === container.name ? outputs[ref[2]]! : ref);

  const layers = content.layers.filter(({ name }) => !inputs.has(name));
  return {
    ...outer,
    layers: [
      ...outer.layers.slice(0, place),
      ...layers.map((layer) => rewire(layer, fromOutside)),
      ...outer.layers.slice(place + 1),
    ].map((layer) => rewire(layer, toInside)),
    output_layers: outer.output_layers.map(toInside),
  };
}

function rewire(layer: LayerConfig, redirect: (ref: TensorRef) => TensorRef): LayerConfig {
  const redirected = (ref: TensorRef): TensorRef => {
    const [name, node, tensor] = redirect(ref);
    return ref[3] === undefined ? [name, node, tensor] : [name, node, tensor, ref[3]];
  };
  return { ...layer, inbound_nodes: layer.inbound_nodes.map((node) => node.map(redirected)) };
}
