/**
 * How much faster than the published procedure: both on the same forget set, network, backend and
 * machine, one after the other in one run, each to its own stop rule or to a number of steps.
 */
import './unlearning/tell-refusals.ts';
import { parseArgs } from 'node:util';
import { openBackend } from '@lethe/compute';
import { encodeTopology, encodeWeights, logits, setWeights, weightsOf } from '@lethe/models';
import { Random, runRound } from '@lethe/unlearning';
import { accuracy } from '@lethe/unlearning/measures';
import { wholeNumber } from './unlearning/arguments.ts';
import { type BenchTask, loadCifarTask } from './unlearning/cifar-task.ts';
import { percent } from './unlearning/percent.ts';
import { progressLine } from './unlearning/table.ts';

const usage = `Usage: npm run bench:speed -- [options]
A round of lethe beside one of l2ul on CIFAR-10 with ResNet-20, mode misclassify.

  --k K           images to forget (default 64)
  --steps N       most steps of l2ul (default 1000; its own end may come at 1,000 epochs only, which
                  is longer); its perturbations come before the first
  --test N        test images that say what was retained, at most 8,980 (default 2000)
  --seed S        default 0
  --data-dir DIR  default LETHE_DATA_DIR or ../shared/data
  --json          ends with one line of JSON`;

const { values } = parseArgs({
  options: {
    k: { type: 'string', default: '64' },
    steps: { type: 'string', default: '1000' },
    test: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '0' },
    'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await bench();

interface Side {
  readonly method: string;
  readonly outcome: string;
  readonly steps: number;
  readonly trainingPasses: number;
  readonly forwardPasses: number;
  readonly forgetAccuracy: number;
  readonly testAccuracy: number;
  readonly seconds: number;
  /** Processor time of the process: what a busy machine does not change. */
  readonly processorSeconds: number;
}

async function bench(): Promise<void> {
  const backend = await openBackend();
  const [k, seed] = [wholeNumber('k', values.k, 1), wholeNumber('seed', values.seed, 0)];
  const load = (folded: boolean) => loadCifarTask(values['data-dir'], { folded, sizes: [k], seed });
  console.log(`${backend.description}; ResNet-20; k = ${k}, seed ${seed}`);
  const maxSteps = wholeNumber('steps', values.steps, 1);
  const test = wholeNumber('test', values.test, 1);
  const ours = await measure(await load(true), 'lethe', {}, test);
  // The published step size throws a network without batch norm off.
  const published = await measure(await load(false), 'l2ul', { maxSteps }, test);
  const ratio = published.seconds / ours.seconds;
  const processorRatio = published.processorSeconds / ours.processorSeconds;
  console.log(
    `lethe is ${ratio.toFixed(1)} times as fast by the clock, ${processorRatio.toFixed(1)} by processor time`,
  );
  if (values.json) {
    console.log(
      JSON.stringify({ k, seed, backend: backend.name, ours, published, ratio, processorRatio }),
    );
  }
}

async function measure(
  task: BenchTask,
  method: string,
  settings: Readonly<Record<string, number>>,
  test: number,
): Promise<Side> {
  const { classifier, otherTest } = task;
  const [forget] = task.forgetSets;
  if (forget === undefined) throw new RangeError('no forget set');
  const original = weightsOf(
    await encodeWeights(classifier.model),
    encodeTopology(classifier.model),
  );
  const [started, processor] = [performance.now(), process.cpuUsage()];
  const { outcome, weights, metrics } = await runRound(
    {
      network: { ...classifier, isImage: true },
      weights: original,
      originalWeights: original,
      state: undefined,
      forget,
      mode: 'misclassify',
      method,
      settings,
      heldOut: undefined,
      seed: new Random(wholeNumber('seed', values.seed, 0)).fork('speed').bits(),
    },
    { onProgress: (progress) => process.stderr.write(progressLine(0, progress)) },
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  process.stderr.write('\x1b[2K\r');
  setWeights(classifier.model, weights);
  const count = Math.min(otherTest.labels.length, test);
  const size = otherTest.values.length / otherTest.labels.length;
  const answers = await logits(classifier, otherTest.values.subarray(0, count * size), count);
  setWeights(classifier.model, original);
  const side: Side = {
    method,
    outcome,
    steps: metrics.steps,
    trainingPasses: metrics.trainingPasses,
    forwardPasses: metrics.forwardPasses,
    forgetAccuracy: metrics.forgetAccuracyAfter,
    testAccuracy: accuracy(answers, otherTest.labels.subarray(0, count), classifier.classCount),
    seconds,
    processorSeconds: (user + system) / 1e6,
  };
  console.log(
    `${method}: ${outcome} after ${side.steps} steps, ${side.trainingPasses} + ${side.forwardPasses} passes, forget ${percent(side.forgetAccuracy)}, test ${percent(side.testAccuracy)}, ${seconds.toFixed(0)} s, ${side.processorSeconds.toFixed(0)} processor seconds`,
  );
  return side;
}
