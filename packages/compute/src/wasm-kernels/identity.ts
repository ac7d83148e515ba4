import type * as tf from '@tensorflow/tfjs';
import type { Kernel, KernelCall } from './wasm-runtime.ts';

type Call = KernelCall<{ readonly x: tf.TensorInfo }, object>;

/**
 * A second name for the same bytes, as on the other backends. The stock kernel copies them,
 * and tfjs makes an identity of every tensor that it saves for the way back.
 */
export function identity(call: Call, stock: Kernel<Call>): tf.TensorInfo {
  const { backend, inputs } = call;
  const { dataId, shape, dtype } = inputs.x;
  if (dtype === 'string') return stock(call);
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
