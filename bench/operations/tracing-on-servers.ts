import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaBus } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { ResourceStack } from '@lethe/service-kit';
import { registerModels } from '../../test/chaos/world.ts';
import { hearCompleted } from '../latency/hear-completed.ts';
import { serversPipeline } from '../latency/servers-pipeline.ts';
import type { Run, TracingSubject } from './tracing-overhead.ts';
import { tracingWorld } from './tracing-world.ts';

/** The services apart, two each but for ingest, on a Kafka and a MinIO of this run alone. */
export async function tracingOnServers(
  env: Readonly<Record<string, string>>,
): Promise<TracingSubject> {
  const stack = new ResourceStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-tracing-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    const world = tracingWorld();
    const pipeline = stack.use(
      await serversPipeline(
        {
          folder,
          maxWaitMs: 20,
          env,
          register: (store) => registerModels(store, world, folder),
        },
        1,
        async (brokers) => KafkaBus.open({ brokers, clientId: 'bench' }),
      ),
    );
    let awaited = { left: 0, reached: () => {} };
    const heard = new Set<string>();
    stack.use(
      await hearCompleted(pipeline.bus, 'bench-tracing', (requestId) => {
        if (heard.size === heard.add(requestId).size) return;
        awaited.left -= 1;
        if (awaited.left === 0) awaited.reached();
      }),
    );
    const roundsSoFar = async () => {
      const lags = await pipeline.bus.lag('bench-rounds', [topics.modelCandidate.name]);
      return Number(lags.reduce((sum, { lag }) => sum + lag, 0n));
    };
    return {
      ingestUrl: pipeline.ingestUrl,
      async begin(count) {
        const roundsBefore = await roundsSoFar();
        const cpuBefore = await cpuSecondsOf(pipeline.processIds());
        const startedMs = performance.now();
        const reached = new Promise<void>((resolve) => {
          awaited = { left: count, reached: resolve };
        });
        const completed = reached.then(async (): Promise<Run> => {
          const seconds = (performance.now() - startedMs) / 1_000;
          const cpuSeconds = (await cpuSecondsOf(pipeline.processIds())) - cpuBefore;
          return { seconds, cpuSeconds, rounds: (await roundsSoFar()) - roundsBefore };
        });
        return { completed };
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await stack[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** User and system time so far: fields 14 and 15 of proc(5)'s stat, in hundredths of a second. */
async function cpuSecondsOf(processIds: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const processId of processIds) {
    const stat = await readFile(`/proc/${processId}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}
