// Trains the small network that `lethe demo` starts from, on the built-in synthetic pictures, and
// writes it to apps/cli/assets/demo-model as a standard tfjs LayersModel folder.
//
//   node scripts/train-demo-model.ts [--epochs 30] [--seed 0] [--backend auto|native|wasm] [--out DIR]
//
// The network is meant to know its training samples by heart: only then is there something to forget.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBackend } from '@lethe/compute';
import { type Dataset, openDataset } from '@lethe/datasets';
import * as tf from '@tensorflow/tfjs';

const { values: options } = parseArgs({
  options: {
    epochs: { type: 'string', default: '40' },
    seed: { type: 'string', default: '0' },
    backend: { type: 'string', default: 'auto' },
    out: {
      type: 'string',
      default: new URL('../apps/cli/assets/demo-model', import.meta.url).pathname,
    },
  },
});
const seed = Number(options.seed);
const backend = await openBackend({ prefer: options.backend as 'auto' });
console.log(`backend: ${backend.name} (${backend.description})`);

const training = await load('train');
const heldOut = await load('test');
const model = buildNetwork(training.dataset.shape, training.dataset.classCount);
console.log(`${model.countParams()} parameters, ${training.dataset.size} training samples`);

const epochs = Number(options.epochs);
const batch = 64;
const steps = Math.ceil((epochs * training.dataset.size) / batch);
const optimizer = tf.train.adam(2e-3);
let step = 0;
for (let epoch = 0; epoch < epochs; epoch++) {
  const order = Int32Array.from({ length: training.dataset.size }, (_, row) => row);
  shuffle(order, epoch);
  let lossSum = 0;
  for (let at = 0; at + batch <= order.length; at += batch) {
    (optimizer as unknown as { learningRate: number }).learningRate =
      2e-3 * (0.5 + 0.5 * Math.cos((Math.PI * step++) / steps)) + 1e-5;
    const rows = order.slice(at, at + batch);
    const loss = optimizer.minimize(
      () =>
        tf.tidy(() => {
          const x = tf.gather(training.values, tf.tensor1d(rows, 'int32'));
          const y = tf.gather(training.oneHot, tf.tensor1d(rows, 'int32'));
          return tf.losses.softmaxCrossEntropy(
            y,
            model.apply(x, { training: true }) as tf.Tensor,
          ) as tf.Scalar;
        }),
      true,
    );
    lossSum += (await loss!.data())[0]!;
    loss!.dispose();
  }
  if (epoch % 5 === 4 || epoch === epochs - 1) {
    console.log(
      `epoch ${epoch + 1}: loss ${(lossSum / Math.floor(order.length / batch)).toFixed(4)}, training ${percent(await accuracy(training))}, held out ${percent(await accuracy(heldOut))}`,
    );
  }
}
await save(options.out);
console.log(`written to ${options.out}`);

/** Three strided stages with batch normalisation, about 30,000 parameters. */
function buildNetwork(shape: readonly number[], classCount: number): tf.LayersModel {
  const input = tf.input({ shape: [...shape] });
  let x: tf.SymbolicTensor = input;
  let layer = 0;
  const conv = (from: tf.SymbolicTensor, filters: number, strides: number): tf.SymbolicTensor => {
    const initialise = tf.initializers.heNormal({ seed: seed * 1000 + ++layer });
    const y = tf.layers
      .conv2d({
        filters,
        kernelSize: 3,
        strides,
        padding: 'same',
        useBias: false,
        kernelInitializer: initialise,
        name: `conv${layer}`,
      })
      .apply(from) as tf.SymbolicTensor;
    const z = tf.layers.batchNormalization({ name: `norm${layer}` }).apply(y) as tf.SymbolicTensor;
    return tf.layers.reLU({ name: `relu${layer}` }).apply(z) as tf.SymbolicTensor;
  };
  x = conv(x, 16, 1);
  x = conv(x, 24, 2);
  x = conv(x, 32, 1);
  x = conv(x, 48, 2);
  x = tf.layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as tf.SymbolicTensor;
  x = tf.layers
    .dense({
      units: classCount,
      name: 'logits',
      kernelInitializer: tf.initializers.glorotUniform({ seed: seed * 1000 + 99 }),
    })
    .apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: x, name: 'demo' });
}

async function load(split: string) {
  const dataset: Dataset = await openDataset({ kind: 'synthetic', path: '', split, options: {} });
  const { values, labels } = await dataset.read(
    Array.from({ length: dataset.size }, (_, row) => row),
  );
  return {
    dataset,
    labels,
    values: tf.tensor(values, [dataset.size, ...dataset.shape]),
    oneHot: tf.oneHot(tf.tensor1d(labels, 'int32'), dataset.classCount).toFloat(),
  };
}

async function accuracy(set: Awaited<ReturnType<typeof load>>): Promise<number> {
  const right = tf.tidy(() =>
    (model.predict(set.values, { batchSize: 256 }) as tf.Tensor)
      .argMax(1)
      .equal(tf.tensor1d(set.labels, 'int32'))
      .mean(),
  );
  const [share] = await right.data();
  right.dispose();
  return share!;
}

function shuffle(order: Int32Array, epoch: number): void {
  order.sort();
  let state = (seed * 7919 + epoch * 104729 + 1) >>> 0;
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}

async function save(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await model.save({
    save: async (artifacts) => {
      const data = artifacts.weightData as ArrayBuffer;
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(data));
      writeFileSync(
        join(folder, 'model.json'),
        `${JSON.stringify({
          format: 'layers-model',
          generatedBy: 'scripts/train-demo-model.ts',
          convertedBy: null,
          modelTopology: artifacts.modelTopology,
          weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
        })}\n`,
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
