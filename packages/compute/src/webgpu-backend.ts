import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { installAveragePoolGradient } from './average-pool-gradient.ts';
import { installBatchNormGradient } from './batch-norm-gradient.ts';
import {
  type Adapter,
  type AdapterInfo,
  type Gpu,
  hasGpuLoader,
  isDawnInstalled,
  loadDawn,
  webgpuPackages,
  withNavigator,
} from './dawn.ts';
import { guardWebgpu, type WebgpuBackendClass } from './guarded-webgpu.ts';
import { howToInstall } from './how-to-install.ts';
import type { OpenAttempt } from './open-attempt.ts';
import { installReluGradient } from './relu-gradient.ts';

/** Which adapters will do: a software Vulkan computes on the processor, slower than WebAssembly. */
export type WantedAdapter = 'gpu' | 'any';

/**
 * tfjs's WebGPU backend on Dawn, Chromium's WebGPU: any vendor's GPU that has a Vulkan driver
 * (Metal, Direct3D 12 elsewhere). Not among the dependencies; `npm run webgpu:install` brings it.
 */
export async function openWebgpuBackend(wanted: WantedAdapter): Promise<OpenAttempt> {
  if (!isDawnInstalled()) return absent(`not installed: ${howToInstall('webgpu')}`);
  if (!hasGpuLoader()) return absent(`no GPU is usable: ${driverAdvice}`);
  let gpu: Gpu;
  try {
    gpu = await loadDawn();
  } catch (thrown) {
    return absent(`cannot be loaded (${firstLine(thrown)}): ${howToInstall('webgpu')}`);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return absent(`no GPU is usable: ${driverAdvice}`);
  if (wanted === 'gpu' && adapter.info.isFallbackAdapter) {
    return absent(`there is only ${nameOf(adapter.info)}, a GPU in software: ${driverAdvice}`);
  }
  try {
    await start(gpu, adapter);
  } catch (thrown) {
    return absent(`${nameOf(adapter.info)} does not start (${firstLine(thrown)})`);
  }
  installReluGradient();
  installBatchNormGradient();
  installAveragePoolGradient();
  const sum = await probe();
  return sum === 100
    ? describe(adapter.info)
    : absent(`${nameOf(adapter.info)} computes wrong gradients: its driver must not be used`);
}

const driverAdvice =
  "install its maker's Vulkan driver and the loader (libvulkan1); vulkaninfo --summary tells what is found";

async function start(gpu: Gpu, adapter: Adapter): Promise<void> {
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: [],
    requiredLimits: Object.fromEntries(neededLimits.map((name) => [name, limits[name]!])),
  });
  const { WebGPUBackend } = createRequire(import.meta.url)(
    `${webgpuPackages}/@tensorflow/tfjs-backend-webgpu`,
  ) as { readonly WebGPUBackend: WebgpuBackendClass };
  // Of the matrix products one adds up in the order in which threads arrive. This one does not.
  tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', packedMatMul);
  const backend = withNavigator(gpu, () => new WebGPUBackend(device, adapter.info));
  guardWebgpu(backend, device);
  tf.registerBackend('webgpu', () => backend);
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs refuses it');
}

/** As tfjs asks for. */
const neededLimits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/** `MatMulProgramType.MatMulPackedProgram` of tfjs-backend-webgpu. */
const packedMatMul = 3;

/** Drivers differ: a gradient whose value is known, a kernel of ones that moves over ones. */
async function probe(): Promise<number | undefined> {
  const sum = tf.tidy(() => {
    const convolve = (kernel: tf.Tensor) =>
      tf.conv2d(tf.ones<tf.Rank.R4>([1, 4, 4, 1]), kernel as tf.Tensor4D, 1, 'same').sum();
    return tf
      .grad(convolve)(tf.ones([3, 3, 1, 1]))
      .sum();
  });
  const [value] = await sum.data();
  sum.dispose();
  return value;
}

function describe(info: AdapterInfo): OpenAttempt {
  const description = `tfjs ${tf.version.tfjs} on WebGPU, ${nameOf(info)}`;
  if (!info.isFallbackAdapter) {
    return { kind: 'open', backend: { name: 'webgpu', description, absent: [] } };
  }
  const absent = [{ name: 'webgpu', reason: `no GPU is usable: ${driverAdvice}` }] as const;
  const inSoftware = `${description}, a GPU in software`;
  return { kind: 'open', backend: { name: 'webgpu-software', description: inSoftware, absent } };
}

function nameOf({ description, device, vendor }: AdapterInfo): string {
  return description || device || vendor || 'an unnamed adapter';
}

function absent(reason: string): OpenAttempt {
  return { kind: 'absent', absent: [{ name: 'webgpu', reason }] };
}

function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n', 1)[0] ?? '';
}
