import { observe, type Reading } from '@lethe/telemetry';
import { ResourceStack } from '../lifecycle/resource-stack.ts';
import { type GpuReading, readGpus } from './read-gpus.ts';
import { RefreshedValue } from './refreshed-value.ts';

/** What compute processes use, together. */
export interface WorkerUsage {
  readonly residentBytes: number;
  /** Since they began. */
  readonly cpuSeconds: number;
}

const maxAgeMs = 5_000;

/**
 * Gauges of the compute processes of a service, and of the GPUs of its machine, until the result is
 * disposed of. What is not there is not exported: no process, no GPU.
 *
 * @param usage asked now and then, while metrics are exported
 */
export function observeWorkers(
  stage: 'unlearner' | 'evaluator',
  usage: () => Promise<WorkerUsage | undefined>,
): AsyncDisposable {
  const stack = new ResourceStack();
  let before: { readonly cpuSeconds: number; readonly atMs: number } | undefined;
  const workers = stack.use(
    new RefreshedValue<WorkerReadings>({
      initial: { memory: [], cpu: [] },
      maxAgeMs,
      read: async () => {
        const now = await usage();
        const atMs = performance.now();
        const since = before;
        before = now === undefined ? undefined : { cpuSeconds: now.cpuSeconds, atMs };
        if (now === undefined) return { memory: [], cpu: [] };
        const attributes = { stage };
        const memory = [{ value: now.residentBytes, attributes }];
        // A process that was replaced counts from zero.
        if (since === undefined || now.cpuSeconds < since.cpuSeconds) return { memory, cpu: [] };
        const value = ((now.cpuSeconds - since.cpuSeconds) / (atMs - since.atMs)) * 1000;
        return { memory, cpu: [{ value, attributes }] };
      },
    }),
  );
  stack.use(observe('lethe.worker.memory', () => workers.current.memory));
  stack.use(observe('lethe.worker.cpu', () => workers.current.cpu));
  observeGpus(stack);
  return stack;
}

interface WorkerReadings {
  readonly memory: readonly Reading<'lethe.worker.memory'>[];
  readonly cpu: readonly Reading<'lethe.worker.cpu'>[];
}

function observeGpus(stack: ResourceStack): void {
  const gpus = stack.use(
    new RefreshedValue<readonly GpuReading[]>({
      initial: [],
      maxAgeMs: 15_000,
      // Gone or never there: not exported, rather than as it last was.
      read: (signal) => readGpus(signal).catch(() => []),
    }),
  );
  const each = (pick: (of: GpuReading) => number) =>
    gpus.current.map((of) => ({ value: pick(of), attributes: { gpu: of.gpu } }));
  stack.use(observe('lethe.gpu.utilization', () => each((of) => of.utilization)));
  stack.use(observe('lethe.gpu.memory.used', () => each((of) => of.usedBytes)));
  stack.use(observe('lethe.gpu.memory.limit', () => each((of) => of.totalBytes)));
}
