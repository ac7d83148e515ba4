// Speed of a compute backend: images per second through ResNet-20 in training and forward.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type BackendPreference, openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { buildResnet20 } from './resnet20.ts';
import { withStockKernels } from './stock-kernels.ts';

const help = `npm run bench:backend -- [--backend auto|native|wasm] [--batch 64] [--repeats 5] [--json]

Median images per second of ResNet-20 (CIFAR size, normalisation folded) on one backend: a
training step (gradients of all trainable weights and an Adam update) and a forward pass. On
wasm the same steps are also timed with the kernels that tfjs ships, in turn with ours.`;

interface Speed {
  /** Medians. */
  readonly trainingImagesPerSecond: number;
  readonly forwardImagesPerSecond: number;
}

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'auto' },
    batch: { type: 'string', default: '64' },
    repeats: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(help);
else await measure();

async function measure(): Promise<void> {
  const backend = await openBackend({ prefer: values.backend as BackendPreference });
  const batch = Number(values.batch);
  const variants: Record<string, <T>(compute: () => T) => T> = { ours: (compute) => compute() };
  if (backend.name === 'wasm-simd') variants['stock'] = withStockKernels;
  const speeds = timeVariants(variants, batch, Number(values.repeats));
  const report = {
    backend: backend.name,
    description: backend.description,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    network: 'ResNet-20, 32×32×3',
    batch,
    ...speeds['ours'],
    ...(speeds['stock'] === undefined
      ? {}
      : {
          peer: { name: 'tfjs kernels, filter gradient as one matMul per tap', ...speeds['stock'] },
        }),
  };
  if (values.json) return console.log(JSON.stringify(report));
  console.log(`${report.description}; ${report.machine}; ${report.network}, batch ${batch}`);
  for (const [name, speed] of Object.entries(speeds)) {
    const [training, forward] = [speed.trainingImagesPerSecond, speed.forwardImagesPerSecond];
    console.log(`${name.padEnd(6)} ${training} images/s in training, ${forward} images/s forward`);
  }
}

/** Times the variants in turn, so that a busy machine slows all of them alike. */
function timeVariants(
  variants: Record<string, <T>(compute: () => T) => T>,
  batch: number,
  repeats: number,
): Record<string, Speed> {
  const { train, forward } = makeSteps(batch);
  const times = Object.entries(variants).map(([name, use]) => {
    use(train);
    use(forward);
    return { name, use, training: [] as number[], forward: [] as number[] };
  });
  for (let i = 0; i < repeats; i++) {
    for (const time of times) {
      time.training.push(seconds(() => time.use(train)));
      time.forward.push(seconds(() => time.use(forward)));
    }
  }
  return Object.fromEntries(
    times.map(({ name, training, forward: passes }) => [
      name,
      {
        trainingImagesPerSecond: perSecond(batch, training),
        forwardImagesPerSecond: perSecond(batch, passes),
      },
    ]),
  );
}

function makeSteps(batch: number): { train: () => void; forward: () => void } {
  const model = buildResnet20();
  const images = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 1);
  const labels = tf.oneHot(
    Array.from({ length: batch }, (_, i) => i % 10),
    10,
  );
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const optimizer: tf.Optimizer = tf.train.adam(1e-4);
  const apply = () => model.apply(images, { training: false }) as tf.Tensor;
  const loss = () => tf.losses.softmaxCrossEntropy(labels, apply()) as tf.Scalar;
  return {
    train: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, weights);
        optimizer.applyGradients(grads);
        value.dataSync();
      }),
    forward: () => tf.tidy(() => void apply().dataSync()),
  };
}

function seconds(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function perSecond(images: number, times: number[]): number {
  const median = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  return Math.round((images / median) * 10) / 10;
}
