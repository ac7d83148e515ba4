import { installAveragePoolGradient } from '../average-pool-gradient.ts';
import { centredProductsKernel, installBatchNormGradient } from '../batch-norm-gradient.ts';
import { installReluGradient, reluGradientKernel } from '../relu-gradient.ts';
import { makeConv2d } from './conv2d.ts';
import { makeConv2dBackpropFilter } from './conv2d-backprop-filter.ts';
import { makeConv2dBackpropInput } from './conv2d-backprop-input.ts';
import { makeDepthwiseBackpropFilter } from './depthwise-backprop-filter.ts';
import { makeDepthwiseBackpropInput } from './depthwise-backprop-input.ts';
import { makeFusedBatchNorm } from './fused-batch-norm.ts';
import { guardHeap } from './guard-heap.ts';
import { identity } from './identity.ts';
import { makeMatMul } from './mat-mul.ts';
import { maxPoolGrad } from './max-pool-grad.ts';
import { makeMultiply } from './multiply.ts';
import { makeReluGradient } from './relu-gradient.ts';
import { makeSum } from './sum.ts';
import { makeSumCentredProducts } from './sum-centred-products.ts';
import { startTrainingModule } from './training-module.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';
import { addKernel, replaceKernel } from './wasm-runtime.ts';
import type { WasmMemory } from './webassembly.ts';

/**
 * Gives the WebAssembly backend what training needs. Once, after the backend is ready.
 *
 * @param memory the backend's heap
 */
export function installWasmKernels(memory: WasmMemory): void {
  guardHeap();
  const module = startTrainingModule(memory);
  addKernel('Conv2DBackpropFilter', makeConv2dBackpropFilter(module));
  addKernel('DepthwiseConv2dNativeBackpropFilter', makeDepthwiseBackpropFilter(module));
  addKernel('DepthwiseConv2dNativeBackpropInput', makeDepthwiseBackpropInput(module));
  addKernel('UnsortedSegmentSum', unsortedSegmentSum);
  replaceKernel('BatchMatMul', makeMatMul(module));
  replaceKernel('Conv2D', makeConv2d(module));
  replaceKernel('Conv2DBackpropInput', makeConv2dBackpropInput(module));
  replaceKernel('FusedConv2D', makeConv2d(module));
  replaceKernel('FusedBatchNorm', makeFusedBatchNorm(module));
  replaceKernel('Identity', identity);
  replaceKernel('MaxPoolGrad', maxPoolGrad);
  replaceKernel('Multiply', makeMultiply(module));
  replaceKernel('Sum', makeSum(module));
  addKernel(reluGradientKernel, makeReluGradient(module));
  addKernel(centredProductsKernel, makeSumCentredProducts(module));
  installReluGradient();
  installBatchNormGradient();
  installAveragePoolGradient();
}
