import { ResourceStack } from '@lethe/service-kit';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { recordEverything } from '../../test/support/operations/record-everything.ts';

export interface ScrapeFigures {
  readonly models: number;
  readonly series: number;
  readonly kilobytes: number;
  /** Processor time of one scrape, median of 50. */
  readonly scrapeMs: number;
  /** Share of one core that ten scrapes a second take. */
  readonly shareAtTenPerSecond: number;
  readonly heapMiB: number;
}

/** Every metric, for so many models: what a scrape then costs. */
export async function measureScrapes(models: number): Promise<ScrapeFigures> {
  const stack = new ResourceStack();
  try {
    return await measureOn(stack.use(recordTelemetry()), models, stack);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

async function measureOn(
  telemetry: RecordedTelemetry,
  models: number,
  stack: ResourceStack,
): Promise<ScrapeFigures> {
  for (let model = 0; model < models; model++) {
    recordEverything((label) => (label === 'model' ? `model-${model}` : 'x'))[Symbol.dispose]();
  }
  stack.use(recordEverything((label) => (label === 'model' ? 'model-0' : 'x')));
  const text = await telemetry.scrape();
  const times: number[] = [];
  for (let scrape = 0; scrape < 50; scrape++) {
    const before = process.cpuUsage();
    await telemetry.scrape();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  const scrapeMs = times.sort((a, b) => a - b)[25]!;
  return {
    models,
    series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    kilobytes: text.length / 1000,
    scrapeMs,
    shareAtTenPerSecond: (scrapeMs * 10) / 1000,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
  };
}
