import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { PlannedRequest } from '../../test/chaos/world.ts';
import { sendRequest } from '../latency/send-request.ts';
import { median } from '../median.ts';
import {
  countedCount,
  type FromRun,
  type ToRun,
  tracingWorld,
  warmUpCount,
} from './tracing-world.ts';

/** Off, all traces, one in a hundred; metrics are kept in all three. */
const modes = ['off', 'on', 'sampled'] as const;
type Mode = (typeof modes)[number];

interface Run {
  /** From the first request to the last that is completed. */
  readonly seconds: number;
  /** Of the process that all of Lethe is in; emitters and collector are outside. */
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
 * What tracing costs a whole Lethe whose rounds and verdicts take no time. Each run is a process
 * of its own; the modes take turns, each repetition begins with another.
 */
export async function measureTracing(
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
        const run = await measureRun(environmentOf(mode, sink));
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
  if (mode === 'off') return { OTEL_TRACES_EXPORTER: 'none' };
  return {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: sink,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    ...(mode === 'on'
      ? {}
      : { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }),
  };
}

async function measureRun(env: Record<string, string>): Promise<Run> {
  const program = fileURLToPath(new URL('./tracing-run.ts', import.meta.url));
  const child = fork(program, [], {
    env: { ...process.env, ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = once(child, 'exit');
  const tell = (message: ToRun) => void child.send(message);
  const hear = async <Kind extends FromRun['kind']>(kind: Kind) => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => {
        throw new Error(`the run ended with ${code}`);
      }),
    ])) as [FromRun];
    if (message.kind !== kind) throw new Error(`${message.kind} instead of ${kind}`);
    return message as Extract<FromRun, { kind: Kind }>;
  };
  const { url } = await hear('ready');
  const { requests } = tracingWorld();
  const drive = async (part: readonly PlannedRequest[]): Promise<Run> => {
    const begun = hear('begun');
    tell({ kind: 'begin', count: part.length });
    await begun;
    const completed = hear('completed');
    await sendAll(url, part);
    const { seconds, cpuSeconds, rounds } = await completed;
    return { seconds, cpuSeconds, rounds };
  };
  await drive(requests.slice(0, warmUpCount));
  const run = await drive(requests.slice(warmUpCount));
  child.disconnect();
  await exited;
  return run;
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
