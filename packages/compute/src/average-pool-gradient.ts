import * as tf from '@tensorflow/tfjs';

type Pool = ReturnType<typeof tf.backend_util.computePool2DInfo>;
type Attributes =
  Parameters<typeof tf.backend_util.computePool2DInfo> extends [
    ...[unknown, infer Size, infer Strides, unknown, infer Pad],
    ...unknown[],
  ]
    ? { readonly filterSize: Size; readonly strides: Strides; readonly pad: Pad }
    : never;

/**
 * Gradient of average pooling that pads: each result is the mean over what lies inside the image,
 * so its gradient is shared among as many. tfjs's own kernels divide it by the size of the whole
 * window; libtensorflow's does not. May be installed again: it wraps nothing.
 */
export function installAveragePoolGradient(): void {
  tf.registerGradient({
    kernelName: 'AvgPool',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attributes) => {
      const { filterSize, strides, pad } = attributes as unknown as Attributes;
      const input = saved[0] as tf.Tensor4D;
      const pool = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad);
      const { top, bottom, left, right } = pool.padInfo;
      const padded = top > 0 || bottom > 0 || left > 0 || right > 0;
      const shared = padded && tf.getBackend() !== 'tensorflow';
      const x = () => {
        const share = shared ? tf.mul(dy as tf.Tensor4D, windowShares(pool)) : (dy as tf.Tensor4D);
        const inputs = { dy: share, input };
        return tf.engine().runKernel('AvgPoolGrad', inputs, { filterSize, strides, pad });
      };
      return { x: x as () => tf.Tensor };
    },
  });
}

/** Size of the window by how much of it lies inside the image: [1, oh, ow, 1]. */
function windowShares(pool: Pool): tf.Tensor4D {
  const rows = shares(pool.outHeight, pool.strideHeight, pool.filterHeight, {
    before: pool.padInfo.top,
    size: pool.inHeight,
  });
  const columns = shares(pool.outWidth, pool.strideWidth, pool.filterWidth, {
    before: pool.padInfo.left,
    size: pool.inWidth,
  });
  const values = rows.flatMap((row) => columns.map((column) => row * column));
  return tf.tensor4d(values, [1, pool.outHeight, pool.outWidth, 1]);
}

function shares(
  count: number,
  stride: number,
  window: number,
  image: { readonly before: number; readonly size: number },
): number[] {
  return Array.from({ length: count }, (_, i) => {
    const first = i * stride - image.before;
    return window / (Math.min(first + window, image.size) - Math.max(first, 0));
  });
}
