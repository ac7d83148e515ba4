/**
 * An unlearner in a process of its own that kills itself (SIGKILL) at a stated point:
 * `node crash-child.ts FOLDER POINT COUNT`, at the COUNT-th passage of POINT.
 *
 * Runs without a build step, hence no `using` here.
 */
import { join } from 'node:path';
import { type MessageBus, type OutgoingRecord, SqliteBus } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { readConfig, silentLog, systemClock } from '@lethe/service-kit';
import { busWithPartitions, storeWith } from '@lethe/service-kit/testing';
import { BlobStore, FolderStore, type ObjectStore } from '@lethe/store';
// biome-ignore lint/style/noRestrictedImports: itself, compiled; its source needs a build step
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import { StandInCompute } from './stand-in-compute.ts';

const [folder = '', point = 'never', count = '1'] = process.argv.slice(2);
let passages = 0;

function pass(here: string): void {
  if (here !== point) return;
  passages += 1;
  if (passages === Number(count)) process.kill(process.pid, 'SIGKILL');
}

function killingStore(store: ObjectStore): ObjectStore {
  return storeWith(store, {
    async put(key, body, condition) {
      const outcome = await store.put(key, body, condition);
      if (key.startsWith('blobs/')) pass('blob');
      if (key.includes('/manifests/')) pass('manifest');
      return outcome;
    },
  });
}

function killingBus(bus: MessageBus): MessageBus {
  const isCandidate = ({ topic }: OutgoingRecord) => topic === topics.modelCandidate.name;
  return busWithPartitions(bus, (partition) => ({
    async commit(nextOffset, records, mark) {
      await partition.commit(nextOffset, records, mark);
      if (records.some(isCandidate)) pass('transaction');
    },
  }));
}

const store = killingStore(await FolderStore.open(join(folder, 'store')));
const service = createUnlearnerService({
  bus: killingBus(await SqliteBus.open({ file: join(folder, 'bus.sqlite') })),
  lineages: new LineageStore(store, new BlobStore(store, { cacheFolder: join(folder, 'cache') })),
  compute: new StandInCompute(() => {
    pass('computing');
    return undefined;
  }),
  config: {
    ...readConfig(unlearnerSettings, { env: {}, argv: [] }),
    maxBatch: 4,
    maxWaitMs: 20,
    recheckMs: 20,
    ladder: '[{"method":"a"},{"method":"b","max_batch":2}]',
  },
  clock: systemClock,
  log: silentLog,
  onFatal: (error) => {
    throw error;
  },
});
await service.start();
