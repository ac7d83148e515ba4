/**
 * A whole Lethe for measure-tracing.ts: told in which mode the next block of requests is to be
 * traced, tells what the block took. Argument: LetheArguments as JSON.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { MessageBus } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { embeddedPipeline } from '../../latency/embedded-pipeline.ts';
import { hearCompleted } from '../../latency/hear-completed.ts';
import { measuredNumerics } from './measured-numerics.ts';
import type { FromLethe, LetheArguments, ToLethe } from './messages.ts';
import { switchedTracing } from './modes.ts';

/** After the last request is completed: what follows it comes to its end. */
const settleMs = 30;

const { folder, sink, network } = JSON.parse(process.argv[2] ?? '') as LetheArguments;
const tell = (message: FromLethe) => void process.send?.(message);

const tracing = await switchedTracing(sink);
const computing = await measuredNumerics(network, folder);
const pipeline = await embeddedPipeline({
  folder,
  maxWaitMs: computing.maxWaitMs,
  register: async () => {},
  numerics: computing.numerics,
});
let taken = countdown(0);
const intake = await pipeline.bus.consume({
  group: 'bench-taken',
  topics: [topics.deletionRequested.name],
  onPartition: async (partition) => {
    while (!partition.lost.aborted) {
      const { length } = await partition.read(1_000, 1_000);
      taken.count(length);
    }
  },
  onFatal: (error) => {
    throw error;
  },
});
let completed = countdown(0);
const consumption = await hearCompleted(pipeline.bus, 'bench-tracing', () => completed.count(1));

process.on('message', async ({ mode, count }: ToLethe) => {
  tracing.set(mode);
  const roundsBefore = await roundsOn(pipeline.bus);
  taken = countdown(count);
  completed = countdown(count);
  // How many rounds there are must not hang on how fast the requests came.
  computing.hold();
  const computeCpuBefore = await computing.cpuSeconds();
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const mainCpu = process.threadCpuUsage();
  tell({ kind: 'begun' });
  await taken.reached;
  await computing.letGo();
  await completed.reached;
  const completedMs = performance.now();
  await pause(settleMs);
  const settledMs = performance.now();
  await tracing.flush();
  const seconds = (completedMs - startedMs + performance.now() - settledMs) / 1_000;
  const servicesCpuSeconds = secondsOf(process.cpuUsage(cpu));
  const mainCpuSeconds = secondsOf(process.threadCpuUsage(mainCpu));
  tell({
    kind: 'completed',
    seconds,
    cpuSeconds: servicesCpuSeconds + (await computing.cpuSeconds()) - computeCpuBefore,
    servicesCpuSeconds,
    mainCpuSeconds,
    rounds: (await roundsOn(pipeline.bus)) - roundsBefore,
    weightsDigest: computing.weightsDigest(),
  });
});
// Whoever started it has what it wanted, or is gone.
process.on('disconnect', async () => {
  await intake[Symbol.asyncDispose]();
  await consumption[Symbol.asyncDispose]();
  await pipeline[Symbol.asyncDispose]();
  await computing[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
});
tell({ kind: 'ready', url: pipeline.ingestUrl, backend: computing.backend });

function countdown(left: number) {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  return {
    reached,
    count(by: number): void {
      left -= by;
      if (left === 0) resolve();
    },
  };
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

/** So many candidates there were: nobody has read any of them in this group. */
async function roundsOn(bus: Pick<MessageBus, 'lag'>): Promise<number> {
  const lags = await bus.lag('bench-rounds', [topics.modelCandidate.name]);
  return Number(lags.reduce((sum, { lag }) => sum + lag, 0n));
}
