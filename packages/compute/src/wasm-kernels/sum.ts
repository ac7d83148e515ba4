import * as tf from '@tensorflow/tfjs';
import { asRows } from './matrix-rows.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type Kernel, type KernelCall } from './wasm-runtime.ts';

interface Attributes {
  readonly axis: number | number[] | null;
  readonly keepDims: boolean;
}
type Call = KernelCall<{ readonly x: tf.TensorInfo }, Attributes>;

/**
 * Sum over all axes but the last, as the gradient of a bias needs it; the stock kernel, which
 * transposes first, keeps all other sums.
 */
export function makeSum(module: TrainingModule) {
  return (call: Call, stock: Kernel<Call>): tf.TensorInfo => {
    const { backend, inputs, attrs } = call;
    const { shape, dtype } = inputs.x;
    const { rows, columns } = asRows(shape);
    if (dtype !== 'float32' || shape.length < 2 || !areLeading(attrs.axis, shape))
      return stock(call);
    const outShape = attrs.keepDims ? [...shape.slice(0, -1).fill(1), columns] : [columns];
    const sums = backend.makeOutput(outShape, 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.sumRows(at(inputs.x), at(sums), rows, columns);
    return sums;
  };
}

function areLeading(axis: Attributes['axis'], shape: number[]): boolean {
  if (axis === null) return false;
  const axes = tf.util.parseAxisParam(axis, shape);
  return axes.length === shape.length - 1 && !axes.includes(shape.length - 1);
}
