import * as tf from '@tensorflow/tfjs';

/** The part of tfjs's WebAssembly backend that kernels use. */
export interface WasmBackend extends tf.KernelBackend {
  /** Allocates a tensor on the WebAssembly heap; its bytes are whatever lay there. */
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): tf.TypedArray;
}

/** What tfjs hands to a kernel, typed by the kernel's inputs and attributes. */
export interface KernelCall<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
  readonly backend: WasmBackend;
}

/**
 * The float32 values of a tensor where they lie. The view dies when the heap grows: take it
 * after the last allocation.
 */
export function floatsOf(backend: WasmBackend, tensor: tf.TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** The int32 values of a tensor where they lie; the view dies when the heap grows. */
export function intsOf(backend: WasmBackend, tensor: tf.TensorInfo): Int32Array {
  return backend.typedArrayFromHeap(tensor) as Int32Array;
}

export type Kernel<Call> = (call: Call) => tf.TensorInfo;

/** Registers a kernel that the backend lacks. */
export function addKernel<Call>(kernelName: string, kernel: Kernel<Call>): void {
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: kernel as unknown as tf.KernelFunc,
  });
}

/** Registers a kernel in place of the backend's own, which it gets for the cases it leaves. */
export function replaceKernel<Call>(
  kernelName: string,
  kernel: (call: Call, stock: Kernel<Call>) => tf.TensorInfo,
): void {
  const stock = tf.getKernel(kernelName, 'wasm').kernelFunc as unknown as Kernel<Call>;
  tf.unregisterKernel(kernelName, 'wasm');
  addKernel<Call>(kernelName, (call) => kernel(call, stock));
}
