import * as tf from '@tensorflow/tfjs';

/** Bytes of this process's tensors: on the device where the backend tells, else in all. */
export function deviceBytes(): number {
  const { numBytes, numBytesInGPU } = tf.memory() as tf.MemoryInfo & {
    readonly numBytesInGPU?: number;
  };
  return numBytesInGPU ?? numBytes;
}
