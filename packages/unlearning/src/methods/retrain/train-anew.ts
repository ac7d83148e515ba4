import type { Random } from '../../random.ts';
import type { LabelledSamples } from '../../round.ts';
import type { Settings } from '../../settings.ts';
import { type Trained, type TrainingWork, trainOn } from '../training/train-on.ts';
import type { trainingSettings } from '../training/training-settings.ts';
import { freshWeights } from './fresh-weights.ts';

/** Ordinary training of fresh weights, with a step size that falls to 0 by a cosine. */
export function trainAnew(
  work: TrainingWork,
  samples: LabelledSamples,
  settings: Settings<typeof trainingSettings>,
  random: Random,
): Promise<Trained> {
  const start = freshWeights(work.network.segments, random.fork('weights'));
  return trainOn(work, samples, start, settings, {
    pace: (step, limit) => 0.5 * (1 + Math.cos((Math.PI * step) / limit)),
    random: random.fork('batches'),
    enough: async () => false,
  });
}
