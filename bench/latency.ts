/**
 * How long a deletion request takes from its receipt to the word that the version without it
 * serves, when unlearning and judging take no time: what the pipeline itself costs. Requests come
 * at a steady rate, one a call, whatever has become of those before; the clock of each runs from
 * the answer with its receipt to the arrival of its status `completed` at a reader of the topic.
 * Manifests, uploads, transactions, verdicts, promotions, certificates are the shipped code.
 * node --disable-warning=ExperimentalWarning bench/latency.ts [--on servers,embedded] [--rate PER_S] [--seconds S] [--models N] [--max-wait MS,MS] [--brokers 1|3] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { KafkaBus, type MessageBus } from '@lethe/bus';
import { planWorld, registerModels, type World } from '../test/chaos/world.ts';
import { answerHelp } from './answer-help.ts';
import { embeddedPipeline } from './latency/embedded-pipeline.ts';
import { hearCompleted } from './latency/hear-completed.ts';
import { sendRequest } from './latency/send-request.ts';
import { serversPipeline } from './latency/servers-pipeline.ts';

answerHelp(import.meta.filename);
const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'servers,embedded' },
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    models: { type: 'string', default: '12' },
    'max-wait': { type: 'string', default: '2000,100' },
    brokers: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const warmUpSeconds = 10;
/** After the last request was sent. */
const patienceMs = 120_000;

/** Four services that run, on a bus that the bench reads, too. */
export interface RunningPipeline extends AsyncDisposable {
  readonly name: string;
  readonly ingestUrl: string;
  readonly bus: MessageBus;
}

export interface PipelineSettings {
  readonly folder: string;
  readonly maxWaitMs: number;
  readonly register: (store: Parameters<typeof registerModels>[0]) => Promise<void>;
}

interface Times {
  readonly scheduledMs: number;
  receiptMs?: number;
  completedMs?: number;
}

async function measure(
  start: (settings: PipelineSettings) => Promise<RunningPipeline>,
  maxWaitMs: number,
) {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-latency-'));
  const count = Math.round(rate * (seconds + warmUpSeconds));
  const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const world = planWorld(count, Number(values.models), idOf);
  const register = (store: Parameters<typeof registerModels>[0]) =>
    registerModels(store, world, folder);
  const pipeline = await start({ folder, maxWaitMs, register });
  try {
    const times = await drive(pipeline, world);
    // The first seconds warm connections, caches and compilers up.
    const counted = times.slice(Math.round(rate * warmUpSeconds));
    const promoted = counted.map(({ receiptMs, completedMs }) => completedMs! - receiptMs!);
    const receipt = counted.map(({ scheduledMs, receiptMs }) => receiptMs! - scheduledMs);
    return {
      on: pipeline.name,
      maxWaitMs,
      requests: counted.length,
      promotedP50Ms: quantile(promoted, 0.5),
      promotedP99Ms: quantile(promoted, 0.99),
      promotedWorstMs: quantile(promoted, 1),
      receiptP50Ms: quantile(receipt, 0.5),
      receiptP99Ms: quantile(receipt, 0.99),
    };
  } finally {
    await pipeline[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Sends every request at its time, and waits until each is told to be completed. */
async function drive({ ingestUrl, bus }: RunningPipeline, world: World): Promise<Times[]> {
  const startMs = performance.now() + 1_000;
  const times = world.requests.map(
    (_, index): Times => ({ scheduledMs: startMs + (index * 1_000) / rate }),
  );
  const indexOf = new Map(world.requests.map(({ requestId }, index) => [requestId, index]));
  let open = times.length;
  const consumption = await hearCompleted(bus, 'bench-latency', (requestId) => {
    const mine = times[indexOf.get(requestId) ?? -1];
    if (mine === undefined) return;
    if (mine.completedMs === undefined) open -= 1;
    mine.completedMs ??= performance.now();
  });
  await Promise.all(
    world.requests.map(async (request, index) => {
      const mine = times[index]!;
      await sleep(Math.max(0, mine.scheduledMs - performance.now()));
      await sendRequest(ingestUrl, request, new Date().toISOString());
      mine.receiptMs = performance.now();
    }),
  );
  const deadline = performance.now() + patienceMs;
  while (open > 0 && performance.now() < deadline) await sleep(20);
  await consumption[Symbol.asyncDispose]();
  if (open > 0) throw new Error(`${open} requests are not completed after ${patienceMs / 1000} s`);
  return times;
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!);
}

const starts = {
  servers: (settings: PipelineSettings) =>
    serversPipeline(settings, values.brokers === '3' ? 3 : 1, async (brokers) =>
      KafkaBus.open({ brokers, clientId: 'bench' }),
    ),
  embedded: embeddedPipeline,
};
const results = [];
for (const on of values.on.split(',')) {
  const start = starts[on as keyof typeof starts];
  if (start === undefined) throw new Error(`--on ${on}: use servers, embedded or both`);
  for (const maxWait of values['max-wait'].split(',')) {
    results.push({ ...(await measure(start, Number(maxWait))), load: loadavg()[0]!.toFixed(1) });
  }
}
const settings = { rate, seconds, models: Number(values.models), cpu: cpus()[0]?.model };
if (values.json) {
  console.log(JSON.stringify({ ...settings, node: process.version, results }));
} else {
  console.log(
    `${settings.cpu} x ${cpus().length}, Node ${process.version}; ${rate} requests/s over ${settings.models} models for ${seconds} s; ms`,
  );
  console.table(results);
}
