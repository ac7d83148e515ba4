import type { MessageBus } from '@lethe/bus';
import { Fleet } from '../../test/chaos/fleet.ts';
import { serverSurroundings } from '../../test/chaos/server-surroundings.ts';
import type { PipelineSettings, RunningPipeline } from '../latency.ts';

/** The services apart, two each of unlearner, evaluator and registry, on Kafka and MinIO. */
export async function serversPipeline(
  {
    folder,
    maxWaitMs,
    register,
    env = {},
  }: PipelineSettings & { readonly env?: Readonly<Record<string, string>> },
  brokers: 1 | 3,
  openBus: (brokers: readonly string[]) => Promise<MessageBus>,
): Promise<RunningPipeline & { processIds(): readonly number[] }> {
  const surroundings = await serverSurroundings(folder, brokers);
  const store = await surroundings.openStore();
  await register(store);
  await store[Symbol.asyncDispose]();
  const fleet = await Fleet.start({
    folder,
    env: { ...surroundings.serviceEnv, ...env },
    settings: {
      LETHE_MAX_WAIT_MS: String(maxWaitMs),
      LETHE_MAX_BATCH: '512',
      CHAOS_ROUND_MS: '0',
      CHAOS_REFUSE_ONE_IN: '0',
    },
  });
  const bus = await openBus(
    surroundings.serviceEnv['LETHE_BUS']!.slice('kafka:'.length).split(','),
  );
  return {
    name: surroundings.name,
    ingestUrl: fleet.ingestUrl,
    bus,
    processIds: () => fleet.members.flatMap(({ process }) => process?.processId ?? []),
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
      await surroundings[Symbol.asyncDispose]();
    },
  };
}
