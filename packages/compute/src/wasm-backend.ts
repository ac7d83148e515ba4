import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { OpenAttempt } from './open-attempt.ts';
import { installWasmKernels } from './wasm-kernels/install.ts';

/** WebAssembly with SIMD and our own training kernels: what a bare machine gets. One thread. */
export async function openWasmBackend(): Promise<OpenAttempt> {
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    return absent('this runtime has no WebAssembly SIMD: use Node 22 on a current processor');
  }
  setWasmPaths(dirname(createRequire(import.meta.url).resolve(packageEntry)) + sep);
  if (!(await tf.setBackend('wasm'))) {
    return absent('the WebAssembly module could not be started: npm ci restores its files');
  }
  installWasmKernels();
  const description = `tfjs ${tf.version.tfjs} in WebAssembly SIMD, 1 thread`;
  return { kind: 'open', backend: { name: 'wasm-simd', description, absent: [] } };
}

/** The .wasm files lie beside it. */
const packageEntry = '@tensorflow/tfjs-backend-wasm';

function absent(reason: string): OpenAttempt {
  return { kind: 'absent', absent: [{ name: 'wasm-simd', reason }] };
}
