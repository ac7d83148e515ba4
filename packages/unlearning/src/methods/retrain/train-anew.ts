import * as tf from '@tensorflow/tfjs';
import type { Random } from '../../random.ts';
import type { LabelledSamples } from '../../round.ts';
import type { Settings } from '../../settings.ts';
import { inputOfRows, type Trained, type TrainingWork, trainOn } from '../training/train-on.ts';
import type { trainingSettings } from '../training/training-settings.ts';
import { freshWeights } from './fresh-weights.ts';

/**
 * Ordinary training of fresh weights, with a step size that falls to 0 by a cosine. Batch
 * normalisation goes by the batches; its running statistics are measured at the end, on samples of
 * the training, so that nothing is left in them of what the network came with.
 */
export async function trainAnew(
  work: TrainingWork,
  samples: LabelledSamples,
  settings: Settings<typeof trainingSettings>,
  random: Random,
): Promise<Trained> {
  const { network } = work;
  const start = freshWeights(network.segments, random.fork('weights'));
  const trained = await trainOn(work, samples, start, settings, {
    pace: (step, limit) => 0.5 * (1 + Math.cos((Math.PI * step) / limit)),
    random: random.fork('batches'),
    enough: async () => false,
    normalisation: 'batch',
  });
  if (!trained.theta.every(Number.isFinite)) return { ...trained, kind: 'diverged' };
  if (network.hasBatchStatistics) {
    const rows = random.fork('statistics').permutation(samples.labels.length);
    await measureOn(work, trained, samples, rows.subarray(0, statisticsSamples));
  }
  return trained;
}

const statisticsSamples = 8192;
const statisticsBatch = 256;

async function measureOn(
  { network, meter, checkpoint, forgetAccuracyBefore: forgetAccuracy }: TrainingWork,
  { theta, steps: step }: Trained,
  samples: LabelledSamples,
  rows: Int32Array,
): Promise<void> {
  const position = tf.tensor1d(theta);
  try {
    await network.measureStatistics(position, batches());
  } finally {
    position.dispose();
  }

  async function* batches() {
    for (let from = 0; from < rows.length; from += statisticsBatch) {
      const part = rows.subarray(from, from + statisticsBatch);
      meter.forward += part.length;
      await checkpoint({ phase: 'forgetting', step, stepLimit: step, forgetAccuracy });
      yield network.tensorOf(inputOfRows(network, samples, part));
    }
  }
}
