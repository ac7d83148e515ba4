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
import { type FromLethe, type ToLethe, tracingWorld } from './messages.ts';
import { switchedTracing } from './modes.ts';

/** After the last request is completed: audit entries, pointers and callbacks come to their end. */
const settleMs = 100;

const [sink = '', requests] = process.argv.slice(2);
const tell = (message: FromLethe) => void process.send?.(message);

const folder = await mkdtemp(join(tmpdir(), 'lethe-tracing-'));
const tracing = await switchedTracing(sink);
const world = tracingWorld(Number(requests));
const pipeline = await embeddedPipeline({
  folder,
  maxWaitMs: 20,
  register: (store) => registerModels(store, world, folder),
});
let awaited = { left: 0, reached: () => {} };
const consumption = await hearCompleted(pipeline.bus, 'bench-tracing', () => {
  awaited.left -= 1;
  if (awaited.left === 0) awaited.reached();
});

process.on('message', async ({ mode, count }: ToLethe) => {
  tracing.set(mode);
  const roundsBefore = await roundsOn(pipeline.bus);
  const reached = new Promise<void>((resolve) => {
    awaited = { left: count, reached: resolve };
  });
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const mainCpu = process.threadCpuUsage();
  tell({ kind: 'begun' });
  await reached;
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
  await consumption[Symbol.asyncDispose]();
  await pipeline[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});
tell({ kind: 'ready', url: pipeline.ingestUrl });

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

/** So many candidates there were: nobody has read any of them in this group. */
async function roundsOn(bus: Pick<MessageBus, 'lag'>): Promise<number> {
  const lags = await bus.lag('bench-rounds', [topics.modelCandidate.name]);
  return Number(lags.reduce((sum, { lag }) => sum + lag, 0n));
}
