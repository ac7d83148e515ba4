import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { affineLayers } from '../network/affine-layers.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { carriedBlocks, carriedLength, withMeasured } from './carried-curvature.ts';
import { type KroneckerBlock, kroneckerBlocks } from './kronecker-block.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** 2 inputs, 2 hidden units without a bias, 1 output with one. */
function openNetwork() {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, inputShape: [2], useBias: false }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  const weights = [Float32Array.of(1, 0, 0, 1), Float32Array.of(2, 3), Float32Array.of(0)];
  return new NetworkFunction(
    { model, sampleShape: [2], classCount: 1, isImage: false, preprocessing },
    weights,
  );
}

function measure(network: NetworkFunction, samples: readonly number[]): KroneckerBlock[] {
  const theta = tf.tensor1d([1, 0, 0, 1, 2, 3, 0]);
  return kroneckerBlocks(network, theta, network.tensorOf(Float32Array.from(samples)), (z) =>
    z.sum(),
  );
}

const host = (tensor: tf.Tensor) => [...tensor.dataSync<'float32'>()];

describe('carried curvature', () => {
  it('holds triangles of the layers behind the first, and nothing of what multiplies a sample', async () => {
    using network = openNetwork();
    const layers = affineLayers(network);
    // A of the second layer is [3, 3] with its bias, G is [1, 1].
    expect(carriedLength(layers)).toBe(6 + 1);
    const empty = { samples: 0, sums: new Float32Array(7) };
    const blocks = measure(network, [1, 2]);
    const once = await withMeasured(layers, empty, blocks, { samples: 3, decay: 0.5 });
    // Three times (1, 2, 1)(1, 2, 1)ᵀ and three times 1.
    expect(once).toEqual({ samples: 3, sums: Float32Array.of(3, 6, 12, 3, 6, 3, 3) });
  });

  it('is a mean over rounds, in which earlier ones count less', async () => {
    using network = openNetwork();
    const layers = affineLayers(network);
    const empty = { samples: 0, sums: new Float32Array(7) };
    const options = { samples: 2, decay: 0.5 };
    const first = await withMeasured(layers, empty, measure(network, [1, 2]), options);
    const now = measure(network, [3, 0]);
    const second = await withMeasured(layers, first, now, options);
    expect(second.samples).toBe(3);
    const [facing, behind] = carriedBlocks(layers, second, now);
    // (1 · (1, 2, 1)(1, 2, 1)ᵀ + 2 · (3, 0, 1)(3, 0, 1)ᵀ) / 3.
    expect(host(behind!.a)).toEqual([19, 2, 7, 2, 4, 2, 7, 2, 3].map((v) => Math.fround(v / 3)));
    expect(host(behind!.g)).toEqual([1]);
    expect(host(facing!.a)).toEqual(host(now[0]!.a));
  });

  it('leaves a layer that nothing came through as it was, but for the decay', async () => {
    using network = openNetwork();
    const layers = affineLayers(network);
    const carried = { samples: 2, sums: Float32Array.of(1, 2, 3, 4, 5, 6, 7) };
    const next = await withMeasured(layers, carried, [], { samples: 1, decay: 0.5 });
    expect([...next.sums]).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5]);
    expect(carriedBlocks(layers, next, [])).toEqual([]);
  });
});
