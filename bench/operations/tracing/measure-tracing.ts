import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ResourceStack } from '@lethe/service-kit';
import { FolderStore } from '@lethe/store';
import { Random } from '@lethe/unlearning';
import type { PlannedRequest } from '../../../test/chaos/world.ts';
import { sendRequest } from '../../latency/send-request.ts';
import { median } from '../../median.ts';
import { medianOfPairs } from './median-of-pairs.ts';
import type { Block, FromLethe, LetheArguments, ToLethe } from './messages.ts';
import { type Mode, modes } from './modes.ts';
import { blocksOf, type Network } from './networks.ts';

const emitters = 16;

export interface TracingPlan {
  readonly network: Network;
  /** Each holds one block of each mode, in an order of its own. */
  readonly triples: number;
  /** No triple begins that much after the first; what was measured by then is told. */
  readonly minutes: number;
  readonly seed: number;
}

/**
 * What tracing costs a whole Lethe. One process switches its mode from block to block, so that the
 * machine's own moods fall on all modes alike: blocks are compared within their triple only. They
 * are short, so that a triple is over before the machine's mood is, and so that code is compiled
 * for all modes once, not anew for each.
 *
 * @throws Error when real rounds of one triple were not the same in each mode
 */
export async function measureTracing(
  { network, triples, minutes, seed }: TracingPlan,
  onBlock: (mode: Mode, block: Block) => void,
) {
  const stack = new ResourceStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-tracing-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    const blocks = blocksOf(network, triples);
    const store = await FolderStore.open(join(folder, 'store'));
    await blocks.register(store, folder);
    await store[Symbol.asyncDispose]();
    const sink = stack.use(await openSink());
    const lethe = stack.use(await startLethe({ folder, sink: sink.url, network }));
    const random = new Random(seed);
    const measured: Record<Mode, Block[]> = { off: [], on: [], sampled: [] };
    const endMs = performance.now() + minutes * 60_000;
    for (let triple = 0; triple < blocks.warmUpTriples + triples; triple++) {
      if (performance.now() > endMs) break;
      const made = new Set<string>();
      for (const [at, which] of random.permutation(modes.length).entries()) {
        const mode = modes[which]!;
        const took = await lethe.drive(mode, blocks.requestsOf(triple, at, mode));
        made.add(`${took.rounds} rounds, ${took.weightsDigest}`);
        if (triple < blocks.warmUpTriples) continue;
        onBlock(mode, took);
        measured[mode].push(took);
      }
      if (network !== 'none' && made.size > 1) {
        throw new Error(`rounds that were to be the same: ${[...made].join('; ')}`);
      }
    }
    const { requestsPerBlock } = blocks;
    return {
      network,
      backend: lethe.backend,
      triples: measured.off.length,
      requestsPerBlock,
      ...figuresOf(measured, requestsPerBlock),
    };
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

function figuresOf(measured: Record<Mode, readonly Block[]>, requestsPerBlock: number) {
  const { off, on, sampled } = measured;
  type Figure = 'seconds' | 'cpuSeconds' | 'servicesCpuSeconds' | 'mainCpuSeconds';
  const middle = (blocks: readonly Block[], of: Figure) => median(blocks.map((block) => block[of]));
  /** More of something than without tracing, of what there is without of `whole`. */
  const more = (blocks: readonly Block[], of: Figure, whole = of) =>
    medianOfPairs(
      blocks.map((block, triple) => {
        const without = off[triple]!;
        return (100 * (block[of] - without[of])) / without[whole];
      }),
    );
  const lost = (blocks: readonly Block[]) =>
    medianOfPairs(blocks.map((block, triple) => 100 * (1 - off[triple]!.seconds / block.seconds)));
  const each = <Result>(figure: (blocks: readonly Block[]) => Result) => ({
    on: figure(on),
    sampled: figure(sampled),
  });
  return {
    roundsPerBlock: median(off.map(({ rounds }) => rounds)),
    requestsPerSecond: requestsPerBlock / middle(off, 'seconds'),
    cpuMsPerRequest: (1_000 * middle(off, 'cpuSeconds')) / requestsPerBlock,
    servicesCpuMsPerRequest: (1_000 * middle(off, 'servicesCpuSeconds')) / requestsPerBlock,
    /** Of requests per second by the clock. */
    throughputLostPercent: each(lost),
    /** More processor time of all processes. */
    cpuPercent: each((blocks) => more(blocks, 'cpuSeconds')),
    /**
     * The same, where the processes that compute are taken to need the same in each mode: they do
     * the same work and know nothing of tracing. Their scatter is left out with them.
     */
    servicesOfCpuPercent: each((blocks) => more(blocks, 'servicesCpuSeconds', 'cpuSeconds')),
    /** More time of the services' main thread, for itself. */
    mainCpuPercent: each((blocks) => more(blocks, 'mainCpuSeconds')),
    /** What one request takes more of the main thread, in microseconds. */
    mainCpuUsPerRequest: each((blocks) =>
      medianOfPairs(
        blocks.map((block, triple) => {
          const seconds = block.mainCpuSeconds - off[triple]!.mainCpuSeconds;
          return (1e6 * seconds) / requestsPerBlock;
        }),
      ),
    ),
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
  readonly backend: string | undefined;
  drive(mode: Mode, requests: readonly PlannedRequest[]): Promise<Block>;
}

async function startLethe(given: LetheArguments): Promise<Lethe> {
  const program = fileURLToPath(new URL('./lethe.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(given)], {
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
  const { url, backend } = await hear('ready');
  return {
    backend,
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
