import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import type { AbsentBackend, BackendOptions } from './backend.ts';
import type { OpenAttempt } from './open-attempt.ts';

/** tfjs-node-gpu first: it is the same code, and serves machines without a GPU too. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** The part of tfjs's native backend that it does not type publicly. */
interface NodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/**
 * libtensorflow through tfjs-node: an optional peer dependency, so a plain `npm ci` never
 * pulls its hundreds of megabytes; `npm run native:install` brings it.
 */
export async function openNativeBackend(options: BackendOptions): Promise<OpenAttempt> {
  const threads = options.threads ?? availableParallelism();
  prepareEnvironment(threads);
  const failures: string[] = [];
  for (const name of packages) {
    const failure = await load(name);
    if (failure === undefined) return describe(name, threads);
    if (failure !== 'not installed') failures.push(`${name} ${failure}`);
  }
  return failures.length === 0
    ? absent(
        'not installed: npm run native:install gpu',
        'not installed: npm run native:install cpu',
      )
    : absent(...repeat(`${failures.join('; ')}: npm run native:install repairs it`));
}

/** libtensorflow reads these when it is loaded. */
function prepareEnvironment(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // A GPU shared with others, or with a second compute process, is not ours to fill.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

/** @returns why it cannot be loaded, or `undefined` when it is. */
async function load(name: string): Promise<string | undefined> {
  try {
    await import(name);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const missing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`);
    return missing ? 'not installed' : `is installed but cannot be loaded (${firstLine(message)})`;
  }
  return (await tf.setBackend('tensorflow')) ? undefined : 'is loaded but does not start';
}

function describe(name: string, threads: number): OpenAttempt {
  const backend = tf.backend() as NodeBackend;
  const library = `tfjs ${tf.version.tfjs} on libtensorflow ${backend.binding.TF_Version}`;
  if (backend.isUsingGpuDevice) {
    const description = `${library}, GPU, ${threads} CPU threads`;
    return { kind: 'open', backend: { name: 'native-gpu', description, absent: [] } };
  }
  const reason =
    name === '@tensorflow/tfjs-node'
      ? 'the CPU package is installed: npm run native:install gpu'
      : 'no GPU is usable: none present, no driver, or a library for CPUs (npm run native:install gpu)';
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
