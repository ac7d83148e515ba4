import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PlannedRequest } from '../../test/chaos/world.ts';
import { sendRequest } from '../latency/send-request.ts';
import { median } from '../median.ts';
import { countedCount, tracingWorld, warmUpCount } from './tracing-world.ts';

/** Off, all traces, one in a hundred; metrics are kept in all three. */
const modes = ['off', 'on', 'sampled'] as const;
type Mode = (typeof modes)[number];

/** A Lethe without numerics that runs, with tracing or without. */
export interface TracingSubject extends AsyncDisposable {
  readonly ingestUrl: string;
  /** Starts the clock. What comes back is settled when so many requests more are completed. */
  begin(count: number): Promise<{ readonly completed: Promise<Run> }>;
}

export interface Run {
  /** From the first request to the last that is completed. */
  readonly seconds: number;
  /** Of Lethe's processes; emitters, collector and servers are outside. */
  readonly cpuSeconds: number;
  /** A slow moment makes more and smaller ones, which cost more: compare with that in mind. */
  readonly rounds: number;
}

export interface TracingFigures {
  readonly requests: number;
  readonly repetitions: number;
  /** Requests a second without tracing, median. */
  readonly perSecond: number;
  /** Processor time of a request without tracing, median. */
  readonly cpuMsPerRequest: number;
  /** Loss of throughput against the run without tracing beside it, median of the pairs. */
  readonly onPercent: number;
  readonly sampledPercent: number;
  /** The same of processor time, which other load stretches less. */
  readonly onCpuPercent: number;
  readonly sampledCpuPercent: number;
}

/**
 * What tracing costs a whole Lethe whose rounds and verdicts take no time. Each run has processes
 * of its own; the modes take turns, each repetition begins with another.
 */
export async function measureTracing(
  start: (env: Readonly<Record<string, string>>) => Promise<TracingSubject>,
  repetitions: number,
  onRun: (mode: Mode, run: Run) => void,
): Promise<TracingFigures> {
  const collector = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end());
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const sink = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  const runs: Record<Mode, Run[]> = { off: [], on: [], sampled: [] };
  try {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (let turn = 0; turn < modes.length; turn++) {
        const mode = modes[(repetition + turn) % modes.length]!;
        const run = await measureRun(start, environmentOf(mode, sink));
        onRun(mode, run);
        runs[mode].push(run);
      }
    }
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
  const loss = (mode: Mode, of: 'seconds' | 'cpuSeconds') =>
    median(
      runs[mode].map((run, index) => {
        const ratio = run[of] / runs.off[index]![of];
        // Of processor time: what more it takes. Of throughput: what less is done.
        return (of === 'cpuSeconds' ? ratio - 1 : 1 - 1 / ratio) * 100;
      }),
    );
  return {
    requests: countedCount,
    repetitions,
    perSecond: countedCount / median(runs.off.map(({ seconds }) => seconds)),
    cpuMsPerRequest: (median(runs.off.map(({ cpuSeconds }) => cpuSeconds)) * 1_000) / countedCount,
    onPercent: loss('on', 'seconds'),
    sampledPercent: loss('sampled', 'seconds'),
    onCpuPercent: loss('on', 'cpuSeconds'),
    sampledCpuPercent: loss('sampled', 'cpuSeconds'),
  };
}

function environmentOf(mode: Mode, sink: string): Record<string, string> {
  if (mode === 'off') return { ...asInImages, OTEL_TRACES_EXPORTER: 'none' };
  return {
    ...asInImages,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: sink,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    ...(mode === 'on'
      ? {}
      : { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }),
  };
}

/** deploy/docker/Dockerfile sets it (decision 0140). */
const asInImages = { NODE_OPTIONS: '--experimental-async-context-frame' };

async function measureRun(
  start: (env: Readonly<Record<string, string>>) => Promise<TracingSubject>,
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  const subject = await start(env);
  try {
    const { requests } = tracingWorld();
    const drive = async (part: readonly PlannedRequest[]): Promise<Run> => {
      const { completed } = await subject.begin(part.length);
      await sendAll(subject.ingestUrl, part);
      return await completed;
    };
    await drive(requests.slice(0, warmUpCount));
    return await drive(requests.slice(warmUpCount));
  } finally {
    await subject[Symbol.asyncDispose]();
  }
}

const emitters = 16;

/** One request a call, so many calls at a time. */
async function sendAll(url: string, requests: readonly PlannedRequest[]): Promise<void> {
  let next = 0;
  const emit = async () => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      await sendRequest(url, request, new Date().toISOString());
    }
  };
  await Promise.all(Array.from({ length: emitters }, emit));
}
