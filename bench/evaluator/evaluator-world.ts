import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackend } from '@lethe/compute';
import {
  type DatasetSource,
  DeletionRequested,
  Mode,
  ModelRegistration,
  RoundManifest,
} from '@lethe/contracts';
import { openDataset, prepareImport } from '@lethe/datasets';
import { LineageStore } from '@lethe/lineage';
import { encodeTopology, encodeWeights, importTorchResNet } from '@lethe/models';
import { ResourceStack } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';

export interface EvaluatorWorld extends AsyncDisposable {
  readonly folder: string;
  readonly lineages: LineageStore;
  readonly registration: ModelRegistration;
  readonly images: DatasetSource;
  /** Commits a round whose weights are the original's with one of them changed by `step`. */
  propose(sequence: number, step: number): Promise<void>;
}

/**
 * ResNet-20 registered the other way round, since only costs are measured: "trained" on CIFAR's
 * test images, with `gateImages` of its 50,000 training images as the gate set.
 */
export async function openEvaluatorWorld(
  dataDir: string,
  gateImages: number,
  forgetImages: number,
): Promise<EvaluatorWorld> {
  const stack = new ResourceStack();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-evaluator-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const store = stack.use(await FolderStore.open(join(folder, 'store')));
  const blobs = new BlobStore(store, { cacheFolder: join(folder, 'cache') });
  const lineages = new LineageStore(store, blobs);
  const path = join(dataDir, 'cifar-10-batches-bin');
  const source = (split: string) => ({ kind: 'cifar10-binary', path, split, options: {} });
  const [training, gate] = [source('test'), source('train')];
  await openBackend({ prefer: 'js' });
  const network = await importTorchResNet(join(dataDir, 'weights/resnet20-12fca82f.th'));
  const weights = await encodeWeights(network.model);
  const trainingSet = stack.use(await openDataset(training));
  const gateSet = stack.use(await openDataset(gate));
  const [manifestFile, evaluationIndexFile] = ['manifest', 'evaluation'].map((name) =>
    join(folder, `${name}.sqlite`),
  ) as [string, string];
  const { evaluationSets } = await prepareImport({
    training: trainingSet,
    manifestFile,
    evaluationIndexFile,
    subjects: { kind: 'none' },
    evaluationSets: [
      {
        name: 'gate',
        role: 'gate',
        source: gate,
        dataset: gateSet,
        ranges: [{ from: 0, to: gateImages }],
      },
    ],
    duplicates: 'leave_out',
  });
  const registration = ModelRegistration.fromPartial({
    modelKey: 'bench',
    topologyDigest: await blobs.put(encodeTopology(network.model)),
    weightsDigest: await blobs.put(weights),
    trainingManifestDigest: await blobs.put({ file: manifestFile }),
    trainingData: training,
    evaluationSets,
    evaluationIndexDigest: await blobs.put({ file: evaluationIndexFile }),
    preprocessing: {
      scale: network.preprocessing.scale,
      mean: [...network.preprocessing.mean],
      std: [...network.preprocessing.std],
    },
    output: 'logits',
    classCount: network.classCount,
    classNames: [...trainingSet.classNames],
    defaultMode: Mode.MODE_UNTRAIN,
    registeredTime: new Date(0),
    sampleShape: [...network.sampleShape],
  });
  await lineages.register(registration);
  return {
    folder,
    lineages,
    registration,
    images: gate,
    async propose(sequence, step) {
      const changed = weights.slice();
      const values = new Float32Array(changed.buffer, changed.byteOffset, 1);
      values[0] = (values[0] ?? 0) + step;
      const weightsDigest = await blobs.put(changed);
      const request = DeletionRequested.fromPartial({
        requestId: `${sequence}`,
        emitter: 'bench',
        modelKey: 'bench',
        mode: Mode.MODE_UNTRAIN,
        deadline: new Date('2100-01-01T00:00:00Z'),
      });
      const rows = Array.from({ length: forgetImages }, (_, i) => sequence * forgetImages + i);
      const manifest = RoundManifest.fromPartial({
        modelKey: 'bench',
        sequence,
        entry: {
          $case: 'round',
          value: {
            parentSequence: 0,
            parentWeightsDigest: registration.weightsDigest,
            weightsDigest,
            stateDigest: registration.weightsDigest,
            parts: [{ request, rows, last: true }],
            mode: Mode.MODE_UNTRAIN,
            method: 'planted',
            settingsJson: '{}',
          },
        },
        createdTime: new Date(0),
      });
      await lineages.commitManifest(manifest);
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
