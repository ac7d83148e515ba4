import { conv2dBackpropFilter } from './conv2d-backprop-filter.ts';
import { conv2dBackpropInput } from './conv2d-backprop-input.ts';
import { depthwiseBackpropFilter } from './depthwise-backprop-filter.ts';
import { depthwiseBackpropInput } from './depthwise-backprop-input.ts';
import { identity } from './identity.ts';
import { maxPoolGrad } from './max-pool-grad.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';
import { addKernel, replaceKernel } from './wasm-runtime.ts';

/** Adds to the WebAssembly backend what training needs. Once, after the backend is ready. */
export function installWasmKernels(): void {
  addKernel('Conv2DBackpropFilter', conv2dBackpropFilter);
  addKernel('DepthwiseConv2dNativeBackpropFilter', depthwiseBackpropFilter);
  addKernel('DepthwiseConv2dNativeBackpropInput', depthwiseBackpropInput);
  addKernel('UnsortedSegmentSum', unsortedSegmentSum);
  replaceKernel('Conv2DBackpropInput', conv2dBackpropInput);
  replaceKernel('Identity', identity);
  replaceKernel('MaxPoolGrad', maxPoolGrad);
}
