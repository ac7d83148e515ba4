/** Run by a test in a process of its own: takes a request in, and never reaches the bus. */
import { dirname, join } from 'node:path';
import type { MessageBus } from '@lethe/bus';
import { DeletionRequest } from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { silentLog } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { incoming } from '../domain/incoming-request.ts';
import { createIngestService } from '../service.ts';

const [storeFolder, cacheFolder, indexFile, requestId] = process.argv.slice(2) as string[];

const deafBus = {
  ensureTopics: async () => {},
  consume: async () => ({ async [Symbol.asyncDispose]() {} }),
  publish() {
    process.stdout.write('reserved\n');
    return new Promise(() => {});
  },
} as unknown as MessageBus;

const store = await FolderStore.open(storeFolder!);
const service = createIngestService({
  bus: deafBus,
  lineage: new LineageStore(store, new BlobStore(store, { cacheFolder: cacheFolder! })),
  indexFile: indexFile!,
  defaultEmitter: 'default',
  keys: KeyRing.open(join(dirname(indexFile!), 'keys'), new Date()),
  log: silentLog,
});
await service.start();
const scope = { kind: { $case: 'subject' as const, value: 'user-1' } };
const request = DeletionRequest.fromPartial({ requestId: requestId!, modelKey: 'm1', scope });
setInterval(() => {}, 1_000);
await service.intake.submit(incoming(request));
