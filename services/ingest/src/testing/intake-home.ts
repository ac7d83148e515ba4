import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessageBus, SqliteBus } from '@lethe/bus';
import { type Digest, Mode, ModelRegistration, sha256 } from '@lethe/contracts';
import { buildTrainingManifest } from '@lethe/datasets';
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { ResourceStack } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';

export interface IntakeHome extends AsyncDisposable {
  readonly folder: string;
  readonly bus: MessageBus;
  readonly lineage: LineageStore;
  readonly indexFile: string;
  readonly manifestDigest: Digest;
  readonly keys: KeyRing;
}

/** `samples` rows: `sample-<row>`, label row % 10 (never 9), subject `user-<row / 4>`. */
export const classCount = 10;

export interface HomeOptions {
  readonly samples?: number;
  readonly hasStopSet?: boolean;
}

/** A folder with a bus, a store and one registered model, `m1`; removed when disposed. */
export async function openIntakeHome(options: HomeOptions = {}): Promise<IntakeHome> {
  const { samples = 100, hasStopSet = true } = options;
  const stack = new ResourceStack();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-ingest-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bus = stack.use(await SqliteBus.open({ file: join(folder, 'bus.sqlite') }));
  const store = stack.use(await FolderStore.open(join(folder, 'store')));
  const blobs = new BlobStore(store, { cacheFolder: join(folder, 'cache') });
  const lineage = new LineageStore(store, blobs);
  const manifestFile = join(folder, 'manifest.sqlite');
  await buildTrainingManifest(manifestFile, entries(samples), { classCount });
  const manifestDigest = await blobs.put({ file: manifestFile });
  const evaluationFile = join(folder, 'evaluation.sqlite');
  await buildTrainingManifest(evaluationFile, evaluationEntries(), { classCount });
  const network = await blobs.put(Buffer.from('a network'));
  await lineage.register(
    ModelRegistration.fromPartial({
      modelKey: 'm1',
      topologyDigest: network,
      weightsDigest: network,
      trainingManifestDigest: manifestDigest,
      classCount,
      defaultMode: hasStopSet ? Mode.MODE_UNTRAIN : Mode.MODE_MISCLASSIFY,
      evaluationSets: [
        ...(hasStopSet ? [{ name: 'stop', role: 'stop', size: 10 }] : []),
        { name: 'gate', role: 'gate', size: 10 },
      ],
      evaluationIndexDigest: hasStopSet ? await blobs.put({ file: evaluationFile }) : '',
    }),
  );
  return {
    folder,
    bus,
    lineage,
    indexFile: join(folder, 'ingest.sqlite'),
    manifestDigest,
    keys: KeyRing.open(join(folder, 'keys'), new Date('2026-01-01T00:00:00Z')),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function* entries(samples: number) {
  for (let row = 0; row < samples; row++) {
    yield {
      row,
      sampleId: `sample-${row}`,
      sha256: sha256(`bytes of ${row}`),
      label: row % (classCount - 1),
      subject: `user-${Math.floor(row / 4)}`,
    };
  }
}

/**
 * `stop:held-0` to `stop:held-9`, then `gate:held-10` and so on; `gate:held-19` is the sample of
 * `stop:held-9` once more.
 */
function* evaluationEntries() {
  for (let row = 0; row < 20; row++) {
    yield {
      row,
      sampleId: `${row < 10 ? 'stop' : 'gate'}:held-${row}`,
      sha256: sha256(`held-out bytes of ${row === 19 ? 9 : row}`),
      label: row % (classCount - 1),
      subject: '',
    };
  }
}
