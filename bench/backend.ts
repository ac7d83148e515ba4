// Speed of a compute backend: images per second through ResNet-20 in training and forward.
import './unlearning/tell-refusals.ts';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type BackendName, backendPreferences, openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { NetworkFunction } from '../packages/unlearning/src/network/network-function.ts';
import { adam } from '../packages/unlearning/src/optimizers/adam.ts';
import { median } from './median.ts';
import { withStockKernels } from './stock-kernels.ts';
import { type StepSeconds, startTorch, type TorchSteps } from './torch-steps.ts';
import { oneOf, wholeNumber } from './unlearning/arguments.ts';
import { residualNetwork } from './unlearning/residual-network.ts';

const help = `npm run bench:backend -- [--backend auto|native|webgpu|wasm|js] [--batch 64] [--repeats 5] [--threads N] [--torch PYTHON] [--json]

Median images per second of ResNet-20 (CIFAR size, normalisation folded) on one backend: a
training step (gradients of all trainable weights and an Adam update, as a round takes it) and a forward pass. On
wasm the same steps are also timed with the kernels that tfjs ships, in turn with ours; with
--torch and an interpreter that has PyTorch also in that, on the same number of threads, on the
GPU where the backend is on one.`;

interface Speed {
  /** Medians. */
  readonly trainingImagesPerSecond: number;
  readonly forwardImagesPerSecond: number;
  /** Likewise by processor time, of all threads together: what a busy machine changes least. */
  readonly trainingMsPerImage: number;
  readonly forwardMsPerImage: number;
}

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'auto' },
    batch: { type: 'string', default: '64' },
    repeats: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    torch: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(help);
else await measure();

async function measure(): Promise<void> {
  const backend = await openBackend({
    prefer: oneOf('backend', values.backend, backendPreferences),
    threads: wholeNumber('threads', values.threads, 1),
  });
  const [batch, repeats] = [
    wholeNumber('batch', values.batch, 1),
    wholeNumber('repeats', values.repeats, 1),
  ];
  const variants: Record<string, Variant> = { ours: ownSteps(batch, (compute) => compute()) };
  if (backend.name === 'wasm-simd') variants['stock'] = ownSteps(batch, withStockKernels);
  const torch = await torchOf(batch, backend.name);
  if (torch !== undefined) variants['torch'] = torch.step;
  const speeds = await timeVariants(variants, batch, repeats);
  torch?.[Symbol.dispose]();
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
    ...(speeds['torch'] === undefined
      ? {}
      : { torch: { name: torch?.description, ...speeds['torch'] } }),
  };
  if (values.json) return console.log(JSON.stringify(report));
  console.log(`${report.description}; ${report.machine}; ${report.network}, batch ${batch}`);
  if (torch !== undefined) console.log(torch.description);
  for (const [name, speed] of Object.entries(speeds)) {
    const [training, forward] = [speed.trainingImagesPerSecond, speed.forwardImagesPerSecond];
    console.log(
      `${name.padEnd(6)} ${training} images/s in training, ${forward} forward; ${speed.trainingMsPerImage} and ${speed.forwardMsPerImage} processor ms an image`,
    );
  }
}

/** On as many threads as libtensorflow gets, and on the GPU where ours is. */
async function torchOf(batch: number, backend: BackendName): Promise<TorchSteps | undefined> {
  if (values.torch === undefined) return undefined;
  const device = backend === 'native-gpu' || backend === 'webgpu' ? 'cuda' : 'cpu';
  return startTorch(values.torch, batch, Number(values.threads), device);
}

type Variant = (step: 'train' | 'forward') => Promise<StepSeconds>;

/** Times the variants in turn, so that a busy machine slows all of them alike. */
async function timeVariants(
  variants: Record<string, Variant>,
  batch: number,
  repeats: number,
): Promise<Record<string, Speed>> {
  const times = Object.entries(variants).map(([name, run]) => {
    return { name, run, train: [] as StepSeconds[], forward: [] as StepSeconds[] };
  });
  // The first of each is not counted.
  for (let i = 0; i <= repeats; i++) {
    for (const { run, train, forward } of times) {
      const [training, pass] = [await run('train'), await run('forward')];
      if (i === 0) continue;
      train.push(training);
      forward.push(pass);
    }
  }
  return Object.fromEntries(
    times.map(({ name, train, forward }) => [
      name,
      {
        trainingImagesPerSecond: perSecond(batch, train),
        forwardImagesPerSecond: perSecond(batch, forward),
        trainingMsPerImage: msPerImage(batch, train),
        forwardMsPerImage: msPerImage(batch, forward),
      },
    ]),
  );
}

function ownSteps(batch: number, use: <T>(compute: () => T) => T): Variant {
  const steps = makeSteps(batch);
  return async (name) => {
    const [started, processor] = [performance.now(), process.cpuUsage()];
    const value = use(steps[name]);
    // WebGPU computes when it is asked for a value.
    await value.data();
    value.dispose();
    const clock = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(processor);
    return { clock, processor: (user + system) / 1e6 };
  };
}

/** A training step as a round takes it: all weights in one vector, and Adam over that. */
function makeSteps(batch: number): {
  readonly train: () => tf.Tensor;
  readonly forward: () => tf.Tensor;
} {
  const model = residualNetwork({ blocks: 3, sampleShape: [32, 32, 3], normalised: false });
  const images = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 1);
  const labels = tf.oneHot(
    Array.from({ length: batch }, (_, i) => i % 10),
    10,
  );
  const weights = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  const shape = { sampleShape: [32, 32, 3], classCount: 10, isImage: true };
  const network = new NetworkFunction({ model, preprocessing, ...shape }, weights);
  const optimizer = adam(network.parameterCount);
  const loss = (logits: tf.Tensor2D) => tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
  let theta = tf.tensor1d(network.flatten(weights));
  return {
    train: () => {
      const { loss: value, logits, gradient } = network.gradient(theta, images, loss);
      const next = optimizer.step(theta, gradient, 1e-4);
      tf.dispose([theta, logits, gradient]);
      theta = next;
      return value;
    },
    forward: () => network.logits(theta, images),
  };
}

function perSecond(images: number, times: readonly StepSeconds[]): number {
  return Math.round((images / median(times.map(({ clock }) => clock))) * 10) / 10;
}

function msPerImage(images: number, times: readonly StepSeconds[]): number {
  const seconds = median(times.map(({ processor }) => processor));
  return Math.round((1e5 * seconds) / images) / 100;
}
