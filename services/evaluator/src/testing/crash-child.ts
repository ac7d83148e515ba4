/**
 * An evaluator in a process of its own that kills itself (SIGKILL) at a stated point:
 * `node crash-child.ts FOLDER POINT [POLICY]`, the first time that it passes POINT.
 *
 * Runs without a build step, hence no `using` here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MessageBus, type OutgoingRecord, SqliteBus } from '@lethe/bus';
import { ComputeProcess, type JobOptions } from '@lethe/compute';
import { topics } from '@lethe/contracts';
// biome-ignore lint/style/noRestrictedImports: itself, compiled; its source needs a build step
import { createEvaluatorService, evaluatorSettings, readHeldKey } from '@lethe/evaluator';
import { defaultPolicy, readPolicy } from '@lethe/gate';
import { LineageStore } from '@lethe/lineage';
import { readConfig, silentLog, systemClock } from '@lethe/service-kit';
import { busWithPartitions, storeWith } from '@lethe/service-kit/testing';
import { BlobStore, FolderStore, type ObjectStore } from '@lethe/store';

const [folder = '', point = 'never', policyFile = ''] = process.argv.slice(2);

function pass(here: string): void {
  if (here === point) process.kill(process.pid, 'SIGKILL');
}

function killingStore(store: ObjectStore): ObjectStore {
  return storeWith(store, {
    async put(key, body, condition) {
      const outcome = await store.put(key, body, condition);
      if (key.includes('/held/')) pass('held');
      if (key.includes('/verdicts/')) pass('verdict');
      return outcome;
    },
  });
}

function killingBus(bus: MessageBus): MessageBus {
  const isVerdict = ({ topic }: OutgoingRecord) => topic === topics.modelVerdict.name;
  return busWithPartitions(bus, (partition) => ({
    async commit(nextOffset, records, mark) {
      await partition.commit(nextOffset, records, mark);
      if (records.some(isVerdict)) pass('announced');
    },
  }));
}

const compute = new ComputeProcess({ backend: { prefer: 'js' } });
const store = killingStore(await FolderStore.open(join(folder, 'store')));
const service = createEvaluatorService({
  bus: killingBus(await SqliteBus.open({ file: join(folder, 'bus.sqlite') })),
  lineages: new LineageStore(store, new BlobStore(store, { cacheFolder: join(folder, 'cache') })),
  compute: {
    async run<Input, Output, Progress>(
      url: string | URL,
      input: Input,
      options: JobOptions<Progress> = {},
    ): Promise<Output> {
      return compute.run<Input, Output, Progress>(url, input, {
        ...options,
        onProgress: (progress) => {
          pass('computing');
          options.onProgress?.(progress);
        },
      });
    },
  },
  policy: policyFile === '' ? defaultPolicy : readPolicy(readFileSync(policyFile, 'utf8')),
  heldKey: await readHeldKey(join(folder, 'held.key')),
  config: readConfig(evaluatorSettings, { env: {}, argv: [] }),
  clock: systemClock,
  log: silentLog,
  onFatal: (error) => {
    throw error;
  },
});
await service.start();
