import { trainingKernels } from './gen/training-kernels.ts';
import { type WasmMemory, webAssembly } from './webassembly.ts';

/** Our WebAssembly functions; what they take and compute stands in packages/compute/assembly. */
export interface TrainingModule {
  readonly conv2d: (...sizes: number[]) => void;
  readonly conv2dFrameBytes: (...sizes: number[]) => number;
  readonly conv2dFilterGradient: (...sizes: number[]) => void;
  readonly depthwiseFilterGradient: (...sizes: number[]) => void;
  readonly depthwiseInputGradient: (...sizes: number[]) => void;
  readonly reluGradient: (dy: number, y: number, dx: number, size: number) => void;
  readonly scaleRows: (...sizes: number[]) => void;
  readonly sumCentredProducts: (...sizes: number[]) => void;
  readonly sumRows: (x: number, sums: number, rows: number, columns: number) => void;
}

/** @param memory the heap of tfjs's WebAssembly backend, where the tensors lie */
export function startTrainingModule(memory: WasmMemory): TrainingModule {
  const module = new webAssembly.Module(trainingKernels);
  const instance = new webAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as TrainingModule;
}
