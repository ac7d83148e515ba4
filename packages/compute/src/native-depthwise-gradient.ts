import * as tf from '@tensorflow/tfjs';

const kernelName = 'DepthwiseConv2dNativeBackpropFilter';

interface Attributes {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: 'same' | 'valid' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: [number, number, number, number];
}

/**
 * Gradient of a depthwise convolution in its filter for libtensorflow on a GPU, where its own
 * adds up in the order in which threads arrive and is refused when bytes must repeat
 * (TF_DETERMINISTIC_OPS): for each place of the filter, what it saw times what came back.
 */
export function installNativeDepthwiseGradient(): void {
  tf.unregisterKernel(kernelName, 'tensorflow');
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
      return depthwiseFilterGradient(x, dy, attrs as unknown as Attributes);
    },
  });
}

/**
 * Without dilation: tfjs knows no gradient of depthwise convolutions that have one.
 *
 * @param x [n, h, w, c]
 * @param dy gradient of the result, [n, oh, ow, c · multiplier]
 * @returns [kh, kw, c, multiplier]
 */
export function depthwiseFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { strides, dilations, pad, dimRoundingMode, filterShape }: Attributes,
): tf.Tensor4D {
  const info = tf.backend_util.computeConv2DInfo(
    ...[x.shape, filterShape, strides, dilations, pad, dimRoundingMode, true],
  );
  const { batchSize: n, outHeight, outWidth, inChannels, padInfo } = info;
  const [kh, kw, , multiplier] = filterShape;
  return tf.tidy(() => {
    const { top, left } = padInfo;
    // As far as the filter has come, one past it: the first and the last of its steps.
    const height = (outHeight - 1) * info.strideHeight + 1;
    const width = (outWidth - 1) * info.strideWidth + 1;
    const bottom = Math.max(0, height + kh - 1 - top - x.shape[1]);
    const right = Math.max(0, width + kw - 1 - left - x.shape[2]);
    const padded = x.pad([
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]);
    const back = dy.reshape([n * outHeight * outWidth, inChannels, multiplier]);
    const places: tf.Tensor[] = [];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const end = [n, i + height, j + width, inChannels];
        const step = [1, info.strideHeight, info.strideWidth, 1];
        const seen = padded.stridedSlice([0, i, j, 0], end, step);
        places.push(back.mul(seen.reshape([n * outHeight * outWidth, inChannels, 1])).sum(0));
      }
    }
    return tf.stack(places).reshape([kh, kw, inChannels, multiplier]);
  });
}
