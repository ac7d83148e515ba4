/**
 * `retrain`: fresh weights, trained on the retain samples alone. What approximate unlearning is
 * measured against: such a network never saw the forget samples. Needs retain samples, all of
 * them if it is to be as good as the network was.
 */
import type { Settings } from '../../settings.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { trainOn } from '../training/train-on.ts';
import { trainingSettings } from '../training/training-settings.ts';
import { freshWeights } from './fresh-weights.ts';

const retrainSettings = {
  ...trainingSettings,
  epochs: { ...trainingSettings.epochs, default: 60 },
} as const;

export const retrain = defineMethod({
  name: 'retrain',
  modes: ['untrain'],
  needsRetain: true,
  settings: retrainSettings,
  run: runRetrain,
});

async function runRetrain(
  work: RoundWork,
  settings: Settings<typeof retrainSettings>,
): Promise<MethodResult> {
  const start = freshWeights(work.network.segments, work.random.fork('weights'));
  const { kind, theta, steps } = await trainOn(work, work.retain, start, settings, {
    pace: (step, limit) => 0.5 * (1 + Math.cos((Math.PI * step) / limit)),
    random: work.random.fork('batches'),
    enough: async () => false,
  });
  // Forgotten by construction, wherever the margins stand.
  return { outcome: kind === 'diverged' ? 'diverged' : 'forgotten', theta, steps };
}
