import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ResourceStack } from '@lethe/service-kit';
import { Random } from '@lethe/unlearning';
import type { PlannedRequest } from '../../../test/chaos/world.ts';
import { sendRequest } from '../../latency/send-request.ts';
import { median } from '../../median.ts';
import { medianOfPairs } from './median-of-pairs.ts';
import { type Block, type FromLethe, type ToLethe, tracingWorld } from './messages.ts';
import { type Mode, modes } from './modes.ts';

/** Sent before anything counts: connections, caches and compilers get warm, in each mode. */
const warmUpTriples = 30;
const emitters = 16;

export interface TracingPlan {
  /** Each holds one block of each mode, in an order of its own. */
  readonly triples: number;
  readonly requestsPerBlock: number;
  readonly seed: number;
}

/**
 * What tracing costs a whole Lethe whose rounds and verdicts take no time. One process switches
 * its mode from block to block, so that the machine's own moods fall on all modes alike: blocks
 * are compared within their triple only. They are short, so that a triple is over before the
 * machine's mood is, and so that code is compiled for all modes once, not anew for each.
 */
export async function measureTracing(
  { triples, requestsPerBlock, seed }: TracingPlan,
  onBlock: (mode: Mode, block: Block) => void,
) {
  const stack = new ResourceStack();
  try {
    const sink = stack.use(await openSink());
    const blocks = (warmUpTriples + triples) * modes.length;
    const { requests } = tracingWorld(blocks * requestsPerBlock);
    const lethe = stack.use(await startLethe(sink.url, requests.length));
    const random = new Random(seed);
    const measured: Record<Mode, Block[]> = { off: [], on: [], sampled: [] };
    let sent = 0;
    const next = (count: number) => {
      sent += count;
      return requests.slice(sent - count, sent);
    };
    for (let triple = 0; triple < warmUpTriples + triples; triple++) {
      for (const at of random.permutation(modes.length)) {
        const mode = modes[at]!;
        const took = await lethe.drive(mode, next(requestsPerBlock));
        if (triple < warmUpTriples) continue;
        onBlock(mode, took);
        measured[mode].push(took);
      }
    }
    return { triples, requestsPerBlock, ...figuresOf(measured, requestsPerBlock) };
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

function figuresOf({ off, on, sampled }: Record<Mode, readonly Block[]>, requestsPerBlock: number) {
  const compare = (blocks: readonly Block[], of: 'seconds' | 'cpuSeconds' | 'mainCpuSeconds') =>
    medianOfPairs(blocks.map((block, triple) => (block[of] / off[triple]![of] - 1) * 100));
  return {
    perSecond: requestsPerBlock / median(off.map(({ seconds }) => seconds)),
    /** What one request takes more, in microseconds of the main thread, with all traces. */
    onMainCpuUsPerRequest: medianOfPairs(
      on.map(({ mainCpuSeconds }, triple) => {
        return ((mainCpuSeconds - off[triple]!.mainCpuSeconds) * 1e6) / requestsPerBlock;
      }),
    ),
    cpuMsPerRequest: (median(off.map(({ cpuSeconds }) => cpuSeconds)) * 1_000) / requestsPerBlock,
    /** More processor time than without tracing. */
    onCpuPercent: compare(on, 'cpuSeconds'),
    sampledCpuPercent: compare(sampled, 'cpuSeconds'),
    onMainCpuPercent: compare(on, 'mainCpuSeconds'),
    sampledMainCpuPercent: compare(sampled, 'mainCpuSeconds'),
    /** More time by the clock for the same requests. */
    onPercent: compare(on, 'seconds'),
    sampledPercent: compare(sampled, 'seconds'),
  };
}

/** A collector that takes everything and keeps nothing. */
async function openSink(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Lethe extends AsyncDisposable {
  drive(mode: Mode, requests: readonly PlannedRequest[]): Promise<Block>;
}

async function startLethe(sink: string, requests: number): Promise<Lethe> {
  const program = fileURLToPath(new URL('./lethe.ts', import.meta.url));
  const child = fork(program, [sink, String(requests)], {
    // As the images run it (decision 0140).
    env: { ...process.env, NODE_OPTIONS: '--experimental-async-context-frame' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = once(child, 'exit');
  const hear = async <Kind extends FromLethe['kind']>(kind: Kind) => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => {
        throw new Error(`Lethe ended with ${code}`);
      }),
    ])) as [FromLethe];
    if (message.kind !== kind) throw new Error(`${message.kind} instead of ${kind}`);
    return message as Extract<FromLethe, { kind: Kind }>;
  };
  const { url } = await hear('ready');
  return {
    async drive(mode, block) {
      const begun = hear('begun');
      child.send({ mode, count: block.length } satisfies ToLethe);
      await begun;
      const completed = hear('completed');
      await sendAll(url, block);
      const { kind: _, ...took } = await completed;
      return took;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

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
