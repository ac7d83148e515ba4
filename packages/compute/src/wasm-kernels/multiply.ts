import type * as tf from '@tensorflow/tfjs';
import { asRows, columnVector } from './matrix-rows.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type Kernel, type KernelCall } from './wasm-runtime.ts';

type Call = KernelCall<{ readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }, object>;

/** Product with one factor per channel ([..., c] · [c]); the stock kernel keeps all others. */
export function makeMultiply(module: TrainingModule) {
  return (call: Call, stock: Kernel<Call>): tf.TensorInfo => {
    const { backend, inputs } = call;
    const { a, b } = inputs;
    if (a.dtype !== 'float32' || b.dtype !== 'float32') return stock(call);
    const [x, factor] = isPerChannel(b, a) ? [a, b] : [b, a];
    if (!isPerChannel(factor, x)) return stock(call);
    const { rows, columns } = asRows(x.shape);
    const product = backend.makeOutput(x.shape, 'float32');
    const zero = columnVector(backend, columns, () => 0);
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.scaleRows(at(x), at(zero), at(factor), at(zero), at(product), rows, columns);
    backend.disposeData(zero.dataId);
    return product;
  };
}

function isPerChannel(factor: tf.TensorInfo, x: tf.TensorInfo): boolean {
  return factor.shape.length === 1 && x.shape.length > 1 && factor.shape[0] === x.shape.at(-1);
}
