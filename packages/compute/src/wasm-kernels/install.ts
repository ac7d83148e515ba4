import { conv2dBackpropFilter } from './conv2d-backprop-filter.ts';
import { conv2dBackpropInput } from './conv2d-backprop-input.ts';
import { addKernel, replaceKernel } from './wasm-runtime.ts';

/** Adds to the WebAssembly backend what training needs. Once, after the backend is ready. */
export function installWasmKernels(): void {
  addKernel('Conv2DBackpropFilter', conv2dBackpropFilter);
  replaceKernel('Conv2DBackpropInput', conv2dBackpropInput);
}
