import type * as tf from '@tensorflow/tfjs';
import { asRows } from './matrix-rows.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

interface Inputs {
  readonly y: tf.TensorInfo;
  readonly x: tf.TensorInfo;
  readonly centre: tf.TensorInfo;
}

/** Σ y·(x − centre) over all axes but the last: [c]. */
export function makeSumCentredProducts(module: TrainingModule) {
  return ({ backend, inputs }: KernelCall<Inputs, object>): tf.TensorInfo => {
    const { rows, columns } = asRows(inputs.x.shape);
    const sums = backend.makeOutput([columns], 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    const { y, x, centre } = inputs;
    module.sumCentredProducts(at(y), at(x), at(centre), at(sums), rows, columns);
    return sums;
  };
}
