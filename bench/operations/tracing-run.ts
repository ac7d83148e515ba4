/** A whole Lethe without numerics, for tracing-overhead.ts: told when to begin, tells what it took. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTelemetry } from '@lethe/telemetry';
import { registerModels } from '../../test/chaos/world.ts';
import { embeddedPipeline } from '../latency/embedded-pipeline.ts';
import { hearCompleted } from '../latency/hear-completed.ts';
import { type FromRun, roundsOn, type ToRun, tracingWorld } from './tracing-world.ts';

const tell = (message: FromRun) => void process.send?.(message);

const folder = await mkdtemp(join(tmpdir(), 'lethe-tracing-'));
const telemetry = await startTelemetry({
  service: 'lethe',
  version: 'bench',
  env: process.env,
  scraped: true,
});
const world = tracingWorld();
const pipeline = await embeddedPipeline({
  folder,
  maxWaitMs: 20,
  register: (store) => registerModels(store, world, folder),
});
let completed = 0;
let awaited = { count: 0, startedMs: 0, cpu: process.cpuUsage(), rounds: 0 };
const consumption = await hearCompleted(pipeline.bus, 'bench-tracing', () => {
  completed += 1;
  if (completed === awaited.count) void tellCompleted();
});

async function tellCompleted(): Promise<void> {
  const { user, system } = process.cpuUsage(awaited.cpu);
  const seconds = (performance.now() - awaited.startedMs) / 1_000;
  const rounds = (await roundsOn(pipeline.bus)) - awaited.rounds;
  tell({ kind: 'completed', seconds, cpuSeconds: (user + system) / 1e6, rounds });
}

process.on('message', async ({ count }: ToRun) => {
  const rounds = await roundsOn(pipeline.bus);
  completed = 0;
  awaited = { count, startedMs: performance.now(), cpu: process.cpuUsage(), rounds };
  tell({ kind: 'begun' });
});
// Whoever started it has what it wanted, or is gone.
process.on('disconnect', async () => {
  await consumption[Symbol.asyncDispose]();
  await pipeline[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});
tell({ kind: 'ready', url: pipeline.ingestUrl });
