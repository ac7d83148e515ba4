import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What is used of npm's `webgpu`: Dawn, Chromium's implementation of WebGPU. */
interface DawnModule {
  create(flags: readonly string[]): Gpu;
  /** What a browser has as globals: GPUBuffer, GPUBufferUsage, … */
  readonly globals: object;
}

export interface Gpu {
  requestAdapter(options: {
    readonly powerPreference: 'high-performance';
  }): Promise<Adapter | null>;
}

export interface Adapter {
  readonly info: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(descriptor: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<Device>;
}

export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  /** Name and driver, for people. */
  readonly description: string;
  /** Computes on the processor. */
  readonly isFallbackAdapter: boolean;
}

export interface Device extends EventTarget {
  readonly limits: Readonly<Record<string, number>>;
  readonly lost: Promise<{ readonly message: string }>;
}

/** Where `npm run webgpu:install` puts the packages; they find the checkout's own tfjs from there. */
export const webgpuPackages = fileURLToPath(new URL('../webgpu/node_modules', import.meta.url));

let gpu: Gpu | undefined;

export function isDawnInstalled(): boolean {
  return existsSync(webgpuPackages);
}

/**
 * Whether Dawn finds what hands out GPUs: on Linux the Vulkan loader. Without it Dawn prints that on
 * standard error, and has no adapter to give.
 */
export function hasGpuLoader(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    // Found where the dynamic linker looks. It is no addon of Node, which is another refusal.
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (thrown) {
    return !String(thrown).includes('cannot open shared object');
  }
  return true;
}

/**
 * Loads Dawn and gives this process the globals of WebGPU, but for `navigator.gpu`: that would keep
 * it from ending. The object is kept for good: when it is collected, Dawn aborts the process.
 *
 * @throws what loading a native library throws
 */
export async function loadDawn(): Promise<Gpu> {
  if (gpu !== undefined) return gpu;
  const entry = pathToFileURL(`${webgpuPackages}/webgpu/index.js`).href;
  const { create, globals } = (await import(entry)) as DawnModule;
  Object.assign(globalThis, globals);
  gpu = create([]);
  return gpu;
}

/** Runs `work` with `navigator.gpu` there, as tfjs demands before it makes its backend. */
export function withNavigator<T>(present: Gpu, work: () => T): T {
  Object.defineProperty(navigator, 'gpu', { value: present, configurable: true });
  try {
    return work();
  } finally {
    Reflect.deleteProperty(navigator, 'gpu');
  }
}
