import { type ConfigOf, defineConfig } from './config-table.ts';

/** Settings of services that compute in processes of their own. */
export const workerSettings = defineConfig({
  backend: {
    env: 'LETHE_BACKEND',
    flag: 'backend',
    type: 'string',
    choices: ['auto', 'native', 'webgpu', 'wasm'],
    default: 'auto',
    help: 'Compute backend; auto takes the best that is installed.',
  },
  workerStallSeconds: {
    env: 'LETHE_WORKER_STALL_SECONDS',
    flag: 'worker-stall-seconds',
    type: 'integer',
    default: 60,
    unit: 's',
    range: [1, 86_400],
    help: 'A compute process that reports nothing and uses no processor time for so long is stuck: it is replaced, and its work begun anew (Linux only).',
  },
  workerSilenceSeconds: {
    env: 'LETHE_WORKER_SILENCE_SECONDS',
    flag: 'worker-silence-seconds',
    type: 'integer',
    default: 3600,
    unit: 's',
    range: [1, 86_400],
    help: 'A compute process that reports nothing for so long, busy or not, is stuck: it is replaced, and its work begun anew.',
  },
});

/** When a compute process counts as stuck, milliseconds. */
export function workerLimitsOf(config: ConfigOf<typeof workerSettings>) {
  return {
    stallLimitMs: config.workerStallSeconds * 1000,
    silenceLimitMs: config.workerSilenceSeconds * 1000,
  };
}
