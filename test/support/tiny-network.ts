import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mode, ModelRegistration } from '@lethe/contracts';
import { openDataset, prepareImport } from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import { classifierOf, encodeTopology, encodeWeights } from '@lethe/models';
import * as tf from '@tensorflow/tfjs';
import { tinyPictures } from './tiny-pictures.ts';

export interface TinyNetwork {
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
}

/** An MLP that knows its 240 training pictures by heart; trained by pure JavaScript, seeded. */
export async function trainTinyNetwork(folder: string): Promise<TinyNetwork> {
  await tf.setBackend('cpu');
  await using dataset = await openDataset(tinyPictures(folder, 'train'));
  const batch = await dataset.read(Array.from({ length: dataset.size }, (_, row) => row));
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...dataset.shape] }),
      tf.layers.dense({ units: 32, activation: 'relu', kernelInitializer: init(1) }),
      tf.layers.dense({ units: dataset.classCount, kernelInitializer: init(2) }),
    ],
  });
  const x = tf.tensor(batch.values, [dataset.size, ...dataset.shape]);
  const y = tf.oneHot(tf.tensor1d(batch.labels, 'int32'), dataset.classCount);
  model.compile({
    optimizer: tf.train.adam(0.01),
    loss: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
  });
  await model.fit(x, y, { epochs: 60, batchSize: 60, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  const classifier = classifierOf(model);
  return {
    topology: encodeTopology(classifier.model),
    weights: await encodeWeights(classifier.model),
  };
}

/** Registers the network with a manifest of its training data, a stop set and a gate set. */
export async function registerTinyModel(
  lineages: LineageStore,
  network: TinyNetwork,
  folder: string,
  modelKey: string,
): Promise<ModelRegistration> {
  const scratch = await mkdtemp(join(tmpdir(), 'lethe-tiny-'));
  try {
    await using dataset = await openDataset(tinyPictures(folder, 'train'));
    await using test = await openDataset(tinyPictures(folder, 'test'));
    const manifestFile = join(scratch, 'manifest.sqlite');
    const set = (role: 'stop' | 'gate', from: number, to: number) => ({
      name: role,
      role,
      source: tinyPictures(folder, 'test'),
      dataset: test,
      ranges: [{ from, to }],
    });
    const evaluationIndexFile = join(scratch, 'evaluation.sqlite');
    const { evaluationSets } = await prepareImport({
      training: dataset,
      manifestFile,
      evaluationIndexFile,
      subjects: { kind: 'each', samples: 4 },
      evaluationSets: [set('stop', 0, 300), set('gate', 300, 900)],
      duplicates: 'refuse',
    });
    const registration = ModelRegistration.fromPartial({
      modelKey,
      topologyDigest: await lineages.blobs.put(network.topology),
      weightsDigest: await lineages.blobs.put(network.weights),
      trainingManifestDigest: await lineages.blobs.put({ file: manifestFile }),
      trainingData: tinyPictures(folder, 'train'),
      evaluationSets,
      evaluationIndexDigest: await lineages.blobs.put({ file: evaluationIndexFile }),
      preprocessing: { scale: 1, mean: [0], std: [1] },
      output: 'logits',
      classCount: dataset.classCount,
      classNames: [...dataset.classNames],
      defaultMode: Mode.MODE_UNTRAIN,
      registeredTime: new Date(0),
      sampleShape: [...dataset.shape],
    });
    await lineages.register(registration);
    return registration;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
