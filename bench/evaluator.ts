/**
 * What an evaluation costs beyond its forward passes, and how much memory it needs.
 *
 * "Bare" are its forward passes alone, over images that lie in memory. Reading, hashing, checking
 * that nothing was trained on, making mirrored and shifted copies, statistics and the verdict are
 * what an evaluation adds.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteBus } from '@lethe/bus';
import { type BackendPreference, ComputeProcess } from '@lethe/compute';
import { type Digest, EvaluateRequest, EvaluatorServiceClient } from '@lethe/contracts';
import { createEvaluatorService, evaluatorSettings } from '@lethe/evaluator';
import { defaultPolicy } from '@lethe/gate';
import {
  connect,
  ResourceStack,
  readConfig,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import { type EvaluatorWorld, openEvaluatorWorld } from './evaluator/evaluator-world.ts';
import type { ForwardInput, ForwardOutput } from './evaluator/forward-job.ts';
import { median } from './median.ts';
import { cpuSecondsOf, statusMiB } from './process-usage.ts';

const usage = `npm run bench:evaluator -- [--images 10000] [--forget 256] [--repeats 3]
    [--backend auto|native|wasm] [--data-dir ../shared/data] [--most 1.3] [--json]

  --images   of the gate set
  --forget   images of the forget set
  --most     exit code 1 when the median ratio of evaluation to bare passes is greater`;

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    forget: { type: 'string', default: '256' },
    repeats: { type: 'string', default: '3' },
    backend: { type: 'string', default: 'auto' },
    'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
    most: { type: 'string', default: '1.3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function bench(): Promise<void> {
  const [images, forget, repeats] = [values.images, values.forget, values.repeats].map(Number) as [
    number,
    number,
    number,
  ];
  const stack = new ResourceStack();
  try {
    const world = stack.use(await openEvaluatorWorld(values['data-dir'], images, forget));
    const bus = stack.use(await SqliteBus.open({ file: join(world.folder, 'bus.sqlite') }));
    const compute = stack.use(
      new ComputeProcess({ backend: { prefer: values.backend as BackendPreference } }),
    );
    await measure(world, bus, compute, { forget, repeats });
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

async function measure(
  world: EvaluatorWorld,
  bus: SqliteBus,
  compute: ComputeProcess,
  { forget, repeats }: { readonly forget: number; readonly repeats: number },
): Promise<void> {
  const { description } = await compute.backend();
  const size = world.registration.evaluationSets[0]?.size ?? 0;
  const seen = Math.min(size, defaultPolicy.maxHeldOutSamples);
  // Mirrored and shifted: a tenth of the gate images, and all that was to be forgotten.
  const copies = 2 * (Math.min(size, Math.max(500, Math.ceil(size / 10))) + forget);
  // Every model has to see the gate set the first time; then only the candidate has to.
  const passes = { first: 3 * (seen + forget) + copies, next: seen + 3 * forget + copies };
  const cost = () => ({ seconds: performance.now() / 1000, cpu: cpuSeconds() });
  const bare = async () => {
    const { seconds, cpu } = await barePasses(world, compute, bareSample);
    return { seconds: seconds / bareSample, cpu: cpu / bareSample };
  };
  await bare();
  const runs: Record<'first' | 'next', Run[]> = { first: [], next: [] };
  for (let repeat = 0; repeat < repeats; repeat++) {
    const evaluator = await openEvaluator(world, bus, compute);
    for (const [index, which] of (['first', 'next'] as const).entries()) {
      const sequence = 2 * repeat + index + 1;
      await world.propose(sequence, sequence * 1e-4);
      // Bare passes before and after: a machine that grows busier slows both alike.
      const before = await bare();
      const from = cost();
      await evaluator.evaluate(sequence);
      const to = cost();
      const after = await bare();
      const ratio = (of: keyof typeof before) =>
        (2 * (to[of] - from[of])) / (passes[which] * (before[of] + after[of]));
      const seconds = to.seconds - from.seconds;
      runs[which].push({ seconds, ratio: ratio('seconds'), cpuRatio: ratio('cpu') });
    }
    await evaluator.close();
  }
  const figures = {
    backend: description,
    images: size,
    seen,
    forget,
    passes,
    first: medians(runs.first),
    next: medians(runs.next),
    peakMiB: { evaluator: peakMiB(process.pid), compute: Math.max(...children().map(peakMiB)) },
  };
  console.log(values.json ? JSON.stringify(figures) : line(figures));
  const worst = Math.max(figures.first.ratio, figures.next.ratio);
  process.exitCode = worst <= Number(values.most) ? 0 : 1;
}

interface Run {
  readonly seconds: number;
  /** Of wall-clock time, and of processor time, to what the passes alone take. */
  readonly ratio: number;
  readonly cpuRatio: number;
}

/** Passes that the speed of bare ones is taken from. */
const bareSample = 4096;

/** A fresh evaluator that knows nothing yet. */
async function openEvaluator(
  { lineages }: EvaluatorWorld,
  bus: SqliteBus,
  compute: ComputeProcess,
): Promise<{ evaluate(sequence: number): Promise<unknown>; close(): Promise<void> }> {
  const service = createEvaluatorService({
    bus,
    lineages,
    compute,
    policy: defaultPolicy,
    heldKey: undefined,
    config: readConfig(evaluatorSettings, { env: {}, argv: [] }),
    clock: systemClock,
    log: silentLog,
    onFatal: (error) => {
      throw error;
    },
  });
  const stack = new ResourceStack();
  const server = stack.use(
    await startGrpcServer({ address: '127.0.0.1:0', services: service.grpc, log: silentLog }),
  );
  const client = stack.use(
    connect(EvaluatorServiceClient, server.address, { timeoutMs: 3_600_000 }),
  );
  return {
    evaluate: (sequence) =>
      client.evaluate(EvaluateRequest.fromPartial({ modelKey: 'bench', sequence })),
    close: () => stack[Symbol.asyncDispose](),
  };
}

async function barePasses(
  { lineages, registration, images }: EvaluatorWorld,
  compute: ComputeProcess,
  passes: number,
): Promise<ForwardOutput> {
  const { topologyDigest, weightsDigest, preprocessing } = registration;
  if (preprocessing === undefined) throw new Error('no preprocessing');
  return compute.run<ForwardInput, ForwardOutput>(
    new URL('./evaluator/forward-job.ts', import.meta.url),
    {
      topology: await lineages.blobs.get(topologyDigest as Digest),
      weights: await lineages.blobs.get(weightsDigest as Digest),
      preprocessing,
      source: images,
      samples: 1024,
      passes,
    },
  );
}

/** Most memory that a process held so far. */
function peakMiB(pid: number): number {
  return Math.round(statusMiB(pid, 'VmHWM') || 0);
}

/** Processor time of this process and its children so far. */
function cpuSeconds(): number {
  return [process.pid, ...children()].reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

function children(): readonly number[] {
  return readdirSync(`/proc/${process.pid}/task`)
    .flatMap((task) =>
      readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').trim().split(/\s+/),
    )
    .filter((pid) => pid !== '')
    .map(Number);
}

function medians(runs: readonly Run[]): Run {
  const of = (field: keyof Run) => median(runs.map((run) => run[field]));
  return { seconds: of('seconds'), ratio: of('ratio'), cpuRatio: of('cpuRatio') };
}

interface Figures {
  readonly backend: string;
  readonly images: number;
  readonly seen: number;
  readonly forget: number;
  readonly passes: { readonly first: number; readonly next: number };
  readonly first: Run;
  readonly next: Run;
  readonly peakMiB: { readonly evaluator: number; readonly compute: number };
}

function line({ backend, images, seen, forget, passes, first, next, peakMiB: peak }: Figures) {
  const show = (count: number, { seconds, ratio, cpuRatio }: Run) =>
    `${count} passes, ${seconds.toFixed(1)} s, ${ratio.toFixed(2)} × the bare passes (processor time ${cpuRatio.toFixed(2)} ×)`;
  return [
    backend,
    `${images} gate images, ${seen} of them looked at, ${forget} to forget`,
    `  first evaluation, three models   ${show(passes.first, first)}`,
    `  next one, the baselines known    ${show(passes.next, next)}`,
    `  most memory: evaluator ${peak.evaluator} MiB, compute process ${peak.compute} MiB`,
  ].join('\n');
}

if (values.help) console.log(usage);
else await bench();
