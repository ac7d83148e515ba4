import { join } from 'node:path';
import { openBackend } from '@lethe/compute';
import { type DatasetSource, Mode, ModelRegistration } from '@lethe/contracts';
import { openDataset, prepareImport } from '@lethe/datasets';
import { LineageStore } from '@lethe/lineage';
import { classifierOf, encodeTopology, encodeWeights, preprocess } from '@lethe/models';
import { BlobStore, type ObjectStore } from '@lethe/store';
import { Random } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import type { PlannedRequest } from '../../../test/chaos/world.ts';
import { modes, type Mode as TracingMode } from './modes.ts';

/**
 * A multilayer perceptron with 768 inputs, 64 hidden units and 8 classes, on the pictures that
 * Lethe draws itself: about as small as a network for MNIST can be, hence cheap rounds.
 */
const trainingRows = 4000;
const hidden = 64;
const epochs = 8;
const batch = 50;

const preprocessing = { scale: 1, mean: [0.5], std: [0.25] };

export const samplesPerSubject = 4;
/** 64 samples: a full batch of the unlearner's default size, which closes at once. */
export const requestsPerRound = 16;
/**
 * So many rounds each model has, always of the same subjects; then another of the same weights
 * takes its place. So rounds stay alike, and none is refused: later ones take longer, and some are.
 */
const roundsPerModel = 3;

/** The models that as many triples of blocks need: one for each mode, in lockstep. */
export function mlpModelKeys(triples: number): string[] {
  return Array.from({ length: Math.ceil(triples / roundsPerModel) }, (_, at) =>
    modes.map((mode) => modelKey(mode, at)),
  ).flat();
}

/** A round of one triple: the same subjects in each mode, of the model of that mode. */
export function mlpRequests(mode: TracingMode, triple: number): PlannedRequest[] {
  const round = triple % roundsPerModel;
  return Array.from({ length: requestsPerRound }, (_, at) => {
    const number = modes.indexOf(mode) + modes.length * (triple * requestsPerRound + at);
    return {
      requestId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      emitter: 'shop-1',
      modelKey: modelKey(mode, Math.floor(triple / roundsPerModel)),
      subject: `subject-${1 + round * requestsPerRound + at}`,
      rows: [],
    };
  });
}

function modelKey(mode: TracingMode, at: number): string {
  return `mlp-${mode}-${at + 1}`;
}

/** Trains the network, and registers it under each key. @param scratch folder for files on the way */
export async function registerMlp(
  store: ObjectStore,
  modelKeys: readonly string[],
  scratch: string,
): Promise<void> {
  const lineages = new LineageStore(store, new BlobStore(store));
  // Pictures that are drawn hold nothing open.
  const training = await openDataset(pictures('train'));
  const test = await openDataset(pictures('test'));
  const { model } = classifierOf(await train(training));
  const set = (role: 'stop' | 'gate', from: number, to: number) => ({
    name: role,
    role,
    source: pictures('test'),
    dataset: test,
    ranges: [{ from, to }],
  });
  const manifestFile = join(scratch, 'manifest.sqlite');
  const evaluationIndexFile = join(scratch, 'evaluation.sqlite');
  const { evaluationSets } = await prepareImport({
    training,
    manifestFile,
    evaluationIndexFile,
    subjects: { kind: 'each', samples: samplesPerSubject },
    evaluationSets: [set('stop', 0, 1000), set('gate', 1000, 2000)],
  });
  const { blobs } = lineages;
  const registration = {
    topologyDigest: await blobs.put(encodeTopology(model)),
    weightsDigest: await blobs.put(await encodeWeights(model)),
    trainingManifestDigest: await blobs.put({ file: manifestFile }),
    trainingData: pictures('train'),
    evaluationSets,
    evaluationIndexDigest: await blobs.put({ file: evaluationIndexFile }),
    preprocessing,
    output: 'logits',
    classCount: training.classCount,
    classNames: [...training.classNames],
    defaultMode: Mode.MODE_UNTRAIN,
    registeredTime: new Date(),
    sampleShape: [...training.shape],
  };
  for (const key of modelKeys) {
    await lineages.register(ModelRegistration.fromPartial({ ...registration, modelKey: key }));
  }
  model.dispose();
}

function pictures(split: 'train' | 'test'): DatasetSource {
  return { kind: 'synthetic', path: '', split, options: { train: String(trainingRows) } };
}

/** Until it knows much of its training set by heart: only then is there something to forget. */
async function train(dataset: Awaited<ReturnType<typeof openDataset>>): Promise<tf.LayersModel> {
  await openBackend({ prefer: 'wasm' });
  const { values, labels } = await dataset.read(
    Array.from({ length: dataset.size }, (_, row) => row),
  );
  const initializer = (seed: number) => tf.initializers.heNormal({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...dataset.shape] }),
      tf.layers.dense({ units: hidden, activation: 'relu', kernelInitializer: initializer(1) }),
      tf.layers.dense({ units: dataset.classCount, kernelInitializer: initializer(2) }),
    ],
  });
  const inputs = preprocess(values, preprocessing, dataset.shape.at(-1) ?? 1);
  const x = tf.tensor(inputs, [dataset.size, ...dataset.shape]);
  const y = tf.oneHot(tf.tensor1d(labels, 'int32'), dataset.classCount);
  const optimizer = tf.train.adam(1e-3);
  const random = new Random(0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = Int32Array.from(random.permutation(dataset.size));
    for (let from = 0; from < order.length; from += batch) {
      optimizer.minimize(() => {
        const rows = tf.tensor1d(order.subarray(from, from + batch), 'int32');
        const logits = model.apply(tf.gather(x, rows), { training: true }) as tf.Tensor2D;
        return tf.losses.softmaxCrossEntropy(tf.gather(y, rows), logits) as tf.Scalar;
      });
    }
  }
  optimizer.dispose();
  tf.dispose([x, y]);
  return model;
}
