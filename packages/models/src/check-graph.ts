import { LetheError } from '@lethe/contracts';
import type { LayerConfig, NetworkConfig } from './network-config.ts';

/**
 * Refuses a graph that cannot be built. tfjs would wait for ever for an input that is missing
 * or circular.
 *
 * @throws LetheError `invalid` naming the layer
 */
export function checkGraph(network: NetworkConfig, source: string): void {
  const byName = new Map<string, LayerConfig>();
  for (const layer of network.layers) {
    if (byName.has(layer.name)) throw broken(source, layer.name, 'names two layers');
    byName.set(layer.name, layer);
  }
  for (const layer of network.layers) {
    const [missing] = layer.inbound_nodes.flat().find(([name]) => !byName.has(name)) ?? [];
    if (missing !== undefined) throw broken(source, missing, `is read by ${layer.name} but absent`);
  }
  for (const [name] of [...network.input_layers, ...network.output_layers]) {
    if (!byName.has(name)) throw broken(source, name, 'is an input or output but absent');
  }
  const stuck = firstUncallable(network.layers);
  if (stuck !== undefined) throw broken(source, stuck, 'reads its own output or a call never made');
}

/** Makes the calls of all layers in any order that works; names a layer whose calls never can be. */
function firstUncallable(layers: readonly LayerConfig[]): string | undefined {
  const callsMade = new Map<string, number>();
  const made = (name: string) => callsMade.get(name) ?? 0;
  let waiting = layers;
  while (waiting.length > 0) {
    const callable = waiting.filter((layer) =>
      (layer.inbound_nodes[made(layer.name)] ?? []).every(([name, node]) => made(name) > node),
    );
    if (callable.length === 0) return waiting[0]!.name;
    for (const { name } of callable) callsMade.set(name, made(name) + 1);
    waiting = waiting.filter((layer) => made(layer.name) < Math.max(1, layer.inbound_nodes.length));
  }
  return undefined;
}

function broken(source: string, name: string, description: string): LetheError {
  return LetheError.invalid(
    `${source}: layer`,
    name,
    description,
    'Give every layer its own name and save the model again.',
  );
}
