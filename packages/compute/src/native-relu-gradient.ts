import * as tf from '@tensorflow/tfjs';
import { installReluGradient, reluGradientKernel } from './relu-gradient.ts';

/** The part of tfjs's native backend that it does not type publicly. */
export interface NativeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_TYPE: number;
    readonly TF_FLOAT: number;
  };
  executeSingleOutput(operation: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
}

/** libtensorflow's own gradient of ReLU; stock tfjs strings seven operations together. */
export function installNativeReluGradient(): void {
  tf.registerKernel({
    kernelName: reluGradientKernel,
    backendName: 'tensorflow',
    kernelFunc: ({ backend, inputs }) => {
      const native = backend as NativeBackend;
      const { TF_ATTR_TYPE: type, TF_FLOAT: value } = native.binding;
      const { dy, y } = inputs as unknown as { dy: tf.Tensor; y: tf.Tensor };
      return native.executeSingleOutput('ReluGrad', [{ name: 'T', type, value }], [dy, y]);
    },
  });
  installReluGradient();
}
