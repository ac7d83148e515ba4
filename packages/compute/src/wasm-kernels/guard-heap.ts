import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { howToInstall } from '../how-to-install.ts';

interface BackendWithHeap extends tf.KernelBackend {
  readonly wasm: { _malloc(bytes: number): number; _free(address: number): void };
}

/**
 * Makes a full heap an error. Stock tfjs goes on at address 0 when memory runs out (at 4 GB)
 * and writes one tensor over another.
 */
export function guardHeap(): void {
  const { wasm } = tf.backend() as BackendWithHeap;
  // The first call puts the function itself in place of a stub, and would undo our change.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address !== 0 || bytes === 0) return address;
    throw new LetheError(
      'capacity',
      `WebAssembly's 4 GB of memory are full: ${Math.ceil(bytes / 1e6)} MB more do not fit; use smaller batches, or the native backend (${howToInstall('cpu')})`,
    );
  };
}
