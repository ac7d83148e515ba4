// AssemblyScript (a TypeScript-like language for WebAssembly), compiled by
// `npm run generate:kernels` into src/wasm-kernels/gen. The module has no memory of its own:
// it works on the tensors of tfjs's WebAssembly backend where they lie.
export { conv2d, conv2dFrameBytes } from './conv2d';
export { conv2dFilterGradient } from './conv2d-filter-gradient';
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients';
export { reluGradient } from './relu-gradient';
export { scaleRows, sumCentredProducts, sumRows } from './rows';
