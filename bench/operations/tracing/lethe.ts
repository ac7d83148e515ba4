/**
 * A whole Lethe without numerics, for measure-tracing.ts: told in which mode the next block of
 * requests is to be traced, tells what the block took. Arguments: collector, requests in all.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { MessageBus } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { registerModels } from '../../../test/chaos/world.ts';
import { embeddedPipeline } from '../../latency/embedded-pipeline.ts';
import { hearCompleted } from '../../latency/hear-completed.ts';
import { HeldRounds } from './held-rounds.ts';
import { type FromLethe, type ToLethe, tracingWorld } from './messages.ts';
import { switchedTracing } from './modes.ts';

/** After the last request is taken, or completed: what follows it comes to its end. */
const settleMs = 30;

const [sink = '', requests] = process.argv.slice(2);
const tell = (message: FromLethe) => void process.send?.(message);

const folder = await mkdtemp(join(tmpdir(), 'lethe-tracing-'));
const tracing = await switchedTracing(sink);
const world = tracingWorld(Number(requests));
const held = new HeldRounds();
const pipeline = await embeddedPipeline({
  folder,
  maxWaitMs: 20,
  register: (store) => registerModels(store, world, folder),
  rounds: held,
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
  held.hold();
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const mainCpu = process.threadCpuUsage();
  tell({ kind: 'begun' });
  await taken.reached;
  await pause(settleMs);
  held.letGo();
  await completed.reached;
  const completedMs = performance.now();
  await pause(settleMs);
  const settledMs = performance.now();
  await tracing.flush();
  const seconds = (completedMs - startedMs + performance.now() - settledMs) / 1_000;
  const cpuSeconds = secondsOf(process.cpuUsage(cpu));
  const mainCpuSeconds = secondsOf(process.threadCpuUsage(mainCpu));
  const rounds = (await roundsOn(pipeline.bus)) - roundsBefore;
  tell({ kind: 'completed', seconds, cpuSeconds, mainCpuSeconds, rounds });
});
// Whoever started it has what it wanted, or is gone.
process.on('disconnect', async () => {
  await intake[Symbol.asyncDispose]();
  await consumption[Symbol.asyncDispose]();
  await pipeline[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});
tell({ kind: 'ready', url: pipeline.ingestUrl });

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
