import { describe, expect, it } from 'vitest';
import { parseNetworkConfig } from './parse-network-config.ts';

const layer = (name: string, reads: string[], more = {}) => ({
  class_name: 'Dense',
  name,
  config: { name, units: 2 },
  inbound_nodes: reads.length === 0 ? [] : [reads.map((read) => [read, 0, 0, {}])],
  ...more,
});
const network = (layers: object[], inputs = ['a'], outputs = ['b']) => ({
  class_name: 'Functional',
  config: {
    name: 'net',
    layers,
    input_layers: inputs.map((name) => [name, 0, 0]),
    output_layers: outputs.map((name) => [name, 0, 0]),
  },
});
const parse = (topology: unknown) => parseNetworkConfig(topology, 'model.json');

describe('a network in a file', () => {
  it('is refused when its graph cannot be built', () => {
    expect(() => parse(network([layer('a', []), layer('b', ['gone'])]))).toThrow(
      /layer = "gone": is read by b but absent/,
    );
    expect(() => parse(network([layer('a', []), layer('b', ['c']), layer('c', ['b'])]))).toThrow(
      /layer = "b": reads its own output/,
    );
    expect(() => parse(network([layer('a', []), layer('a', [])]))).toThrow(/names two layers/);
    expect(() => parse(network([layer('a', [])]))).toThrow(/layer = "b": is an input or output/);
  });

  it('may call one layer on its own output', () => {
    const twice = layer('b', [], {
      inbound_nodes: [[['a', 0, 0]], [['c', 0, 0]]],
    });
    const parsed = parse(network([layer('a', []), twice, layer('c', ['b'])]));
    expect(parsed.layers).toHaveLength(3);
  });

  it('is refused when it is code (a subclassed model) or no model', () => {
    expect(() => parse({ class_name: 'MyModel', config: {} })).toThrow(/Subclassed models/);
    expect(() => parse(null)).toThrow(/modelTopology/);
    expect(() => parse({ class_name: 'Model', config: { layers: 3 } })).toThrow(/is not a list/);
    expect(() => parse({ class_name: 'Sequential', config: { layers: [] } })).toThrow(/is empty/);
    expect(() => parse({ class_name: 'Sequential', config: [layer('b', [])] })).toThrow(
      /says no input shape/,
    );
  });

  it('has the layers of an inner network in its place', () => {
    const inner = {
      ...network([layer('i', []), layer('x', ['i']), layer('y', ['x'])], ['i'], ['y']),
      name: 'inner',
      inbound_nodes: [[['a', 0, 0]]],
    };
    const head = layer('b', [], { inbound_nodes: [[['inner', 1, 0]]] });
    const parsed = parse(network([layer('a', []), inner, head]));
    expect(parsed.layers.map(({ name, inbound_nodes }) => [name, inbound_nodes])).toEqual([
      ['a', []],
      ['x', [[['a', 0, 0]]]],
      ['y', [[['x', 0, 0]]]],
      ['b', [[['y', 0, 0]]]],
    ]);
  });

  it('is refused when it calls an inner network twice', () => {
    const inner = {
      ...network([layer('i', []), layer('x', ['i'])], ['i'], ['x']),
      name: 'inner',
      inbound_nodes: [[['a', 0, 0]], [['a', 0, 0]]],
    };
    expect(() => parse(network([layer('a', []), inner, layer('b', ['inner'])]))).toThrow(
      /layer = "inner": is a network called 2 times/,
    );
  });
});
