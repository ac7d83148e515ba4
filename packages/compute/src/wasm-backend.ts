import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { OpenAttempt } from './open-attempt.ts';
import { installWasmKernels } from './wasm-kernels/install.ts';
import { type WasmMemory, webAssembly } from './wasm-kernels/webassembly.ts';

/** WebAssembly with SIMD and our own training kernels: what a bare machine gets. One thread. */
export async function openWasmBackend(): Promise<OpenAttempt> {
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    return absent('this runtime has no WebAssembly SIMD: use Node 22 on a current processor');
  }
  setWasmPaths(dirname(createRequire(import.meta.url).resolve(packageEntry)) + sep);
  const { started, memory } = await startWithMemory();
  if (!started) return absent('its module could not be started: npm ci restores its files');
  if (memory === undefined) {
    return absent('tfjs had started it before without our kernels: call openBackend first');
  }
  installWasmKernels(memory);
  const description = `tfjs ${tf.version.tfjs} in WebAssembly SIMD, 1 thread`;
  return { kind: 'open', backend: { name: 'wasm-simd', description, absent: [] } };
}

/** The .wasm files lie beside it. */
const packageEntry = '@tensorflow/tfjs-backend-wasm';

/**
 * Starts tfjs's backend and catches its memory on the way: the backend shows the bytes of its
 * heap only, and our kernels must import the memory itself to work where the tensors lie.
 */
async function startWithMemory(): Promise<{ started: boolean; memory: WasmMemory | undefined }> {
  const { instantiate } = webAssembly;
  let memory: WasmMemory | undefined;
  webAssembly.instantiate = async (source, imports) => {
    const result = await instantiate(source, imports);
    // Others start modules meanwhile (Node's HTTP parser does), from a compiled one: tfjs has bytes.
    if ('instance' in result) memory ??= Object.values(result.instance.exports).find(isMemory);
    return result;
  };
  try {
    const started = await tf.setBackend('wasm');
    return { started, memory };
  } finally {
    webAssembly.instantiate = instantiate;
  }
}

function isMemory(value: unknown): value is WasmMemory {
  return value instanceof webAssembly.Memory;
}

function absent(reason: string): OpenAttempt {
  return { kind: 'absent', absent: [{ name: 'wasm-simd', reason }] };
}
