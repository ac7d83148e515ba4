import type { Segment } from '../../network/network-function.ts';
import type { Random } from '../../random.ts';

/**
 * Weights that know nothing: kernels by He et al. (2015, eq. 10), normal with variance 2 over
 * their inputs; scales of a normalisation 1; biases and shifts 0.
 */
export function freshWeights(segments: readonly Segment[], random: Random): Float32Array {
  const theta = new Float32Array(segments.at(-1)?.to ?? 0);
  for (const { name, shape, from, to } of segments) {
    if (shape.length >= 2) {
      // Depthwise kernels, [height, width, channels, multiplier], see one channel each.
      const seen = /depthwise_kernel(_\d+)?$/.test(name) ? shape.slice(0, -2) : shape.slice(0, -1);
      const inputs = seen.reduce((product, length) => product * length, 1);
      const spread = Math.sqrt(2 / inputs);
      for (let i = from; i < to; i++) theta[i] = spread * random.normal();
    } else if (/gamma(_\d+)?$/.test(name)) {
      theta.fill(1, from, to);
    }
  }
  return theta;
}
