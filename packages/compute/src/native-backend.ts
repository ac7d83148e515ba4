import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { installAveragePoolGradient } from './average-pool-gradient.ts';
import type { AbsentBackend, BackendOptions } from './backend.ts';
import { installBatchNormGradient } from './batch-norm-gradient.ts';
import { howToInstall } from './how-to-install.ts';
import { installNativeDepthwiseGradient } from './native-depthwise-gradient.ts';
import { installNativeReluGradient, type NativeBackend } from './native-relu-gradient.ts';
import type { OpenAttempt } from './open-attempt.ts';

/** Where `npm run native:install` puts it; it finds the checkout's own tfjs from there. */
const builtPackage = fileURLToPath(
  new URL('../native/node_modules/@tensorflow/tfjs-node-gpu', import.meta.url),
);

/** tfjs-node-gpu before tfjs-node: it is the same code, and serves machines without a GPU too. */
const packages = [builtPackage, '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

const require = createRequire(import.meta.url);

/**
 * libtensorflow through tfjs-node: an optional peer dependency, so a plain `npm ci` never
 * pulls its hundreds of megabytes; `npm run native:install` brings it.
 */
export function openNativeBackend(options: BackendOptions): Promise<OpenAttempt> {
  attempt ??= open(options);
  return attempt;
}

/** A process loads libtensorflow once; `auto` asks for it twice, as a GPU and as what is left. */
let attempt: Promise<OpenAttempt> | undefined;

async function open(options: BackendOptions): Promise<OpenAttempt> {
  const threads = options.threads ?? availableParallelism();
  prepareEnvironment(threads);
  restoreRetiredFunction();
  const failures: string[] = [];
  for (const name of packages.filter(isInstalled)) {
    const failure = await start(name);
    if (failure === undefined) {
      installNativeReluGradient();
      installBatchNormGradient();
      installAveragePoolGradient();
      if (onGpu()) installNativeDepthwiseGradient();
      return describe(name, threads);
    }
    failures.push(`${name} ${failure}`);
  }
  return failures.length === 0
    ? absent(`not installed: ${howToInstall('gpu')}`, `not installed: ${howToInstall('cpu')}`)
    : absent(...repeat(`${failures.join('; ')}: ${howToInstall('cpu')}`));
}

/** libtensorflow reads these when it is loaded. */
function prepareEnvironment(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  // Below this it prints a dozen lines at every start; what goes wrong is thrown anyway.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  // A GPU shared with others, or with a second compute process, is not ours to fill.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  // The same bytes again: no kernel that adds up in the order in which threads arrive.
  process.env['TF_DETERMINISTIC_OPS'] ??= '1';
  // Products in float32 and not in TF32, whose 10 bits of mantissa are the libraries' default.
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}

function isInstalled(name: string): boolean {
  if (name === builtPackage) return existsSync(name);
  try {
    require.resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** @returns why it cannot be used, or `undefined` when tfjs computes with it. */
async function start(name: string): Promise<string | undefined> {
  try {
    require(name);
  } catch (thrown) {
    return `cannot be loaded (${firstLine(thrown instanceof Error ? thrown.message : String(thrown))})`;
  }
  return (await tf.setBackend('tensorflow')) ? undefined : 'is loaded but does not start';
}

function onGpu(): boolean {
  return (tf.backend() as NativeBackend).isUsingGpuDevice;
}

/** tfjs-node calls a function that Node 22 warns about and Node 23 has removed. */
function restoreRetiredFunction(): void {
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null });
}

function describe(name: string, threads: number): OpenAttempt {
  const backend = tf.backend() as NativeBackend;
  const library = `tfjs ${tf.version.tfjs} on libtensorflow ${backend.binding.TF_Version}`;
  if (backend.isUsingGpuDevice) {
    const description = `${library}, GPU, ${threads} CPU threads`;
    return { kind: 'open', backend: { name: 'native-gpu', description, absent: [] } };
  }
  const reason =
    name === '@tensorflow/tfjs-node'
      ? `the CPU package is installed: ${howToInstall('gpu')}`
      : `no GPU is usable: none present, no driver, or a library for CPUs (${howToInstall('gpu')}); TF_CPP_MIN_LOG_LEVEL=0 shows what it tried`;
  return {
    kind: 'open',
    backend: {
      name: 'native-cpu',
      description: `${library}, CPU, ${threads} threads`,
      absent: [{ name: 'native-gpu', reason }],
    },
  };
}

function absent(gpuReason: string, cpuReason: string): OpenAttempt {
  const list: AbsentBackend[] = [
    { name: 'native-gpu', reason: gpuReason },
    { name: 'native-cpu', reason: cpuReason },
  ];
  return { kind: 'absent', absent: list };
}

function repeat(reason: string): [string, string] {
  return [reason, reason];
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
