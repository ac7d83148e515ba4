import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeWorkers } from './observe-workers.ts';

let telemetry: RecordedTelemetry;
beforeAll(() => {
  telemetry = recordTelemetry();
});
afterAll(() => telemetry[Symbol.asyncDispose]());

it('exports what compute processes use while there are any, and of a GPU nothing where none is', async () => {
  let usage: { residentBytes: number; cpuSeconds: number } | undefined = {
    residentBytes: 5_000_000,
    cpuSeconds: 3,
  };
  await using _workers = observeWorkers('unlearner', async () => usage);
  await telemetry.scrape();
  await expect
    .poll(() => telemetry.scrape())
    .toContain('lethe_worker_memory{stage="unlearner"} 5000000');
  expect(await telemetry.scrape()).not.toMatch(/^lethe_gpu_\w+\{/m);
  usage = undefined;
});
