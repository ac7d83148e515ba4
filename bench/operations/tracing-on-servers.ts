import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaBus } from '@lethe/bus';
import { ResourceStack } from '@lethe/service-kit';
import { registerModels } from '../../test/chaos/world.ts';
import { hearCompleted } from '../latency/hear-completed.ts';
import { serversPipeline } from '../latency/servers-pipeline.ts';
import { cpuSecondsOf } from '../process-usage.ts';
import type { Run, TracingSubject } from './tracing-overhead.ts';
import { roundsOn, tracingWorld } from './tracing-world.ts';

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
    const cpuSeconds = () =>
      pipeline.processIds().reduce((sum, processId) => sum + cpuSecondsOf(processId), 0);
    return {
      ingestUrl: pipeline.ingestUrl,
      async begin(count) {
        const roundsBefore = await roundsOn(pipeline.bus);
        const cpuBefore = cpuSeconds();
        const startedMs = performance.now();
        const reached = new Promise<void>((resolve) => {
          awaited = { left: count, reached: resolve };
        });
        const completed = reached.then(async (): Promise<Run> => {
          const seconds = (performance.now() - startedMs) / 1_000;
          const cpuSpent = cpuSeconds() - cpuBefore;
          const rounds = (await roundsOn(pipeline.bus)) - roundsBefore;
          return { seconds, cpuSeconds: cpuSpent, rounds };
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
