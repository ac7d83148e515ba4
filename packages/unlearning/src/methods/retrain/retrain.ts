/**
 * `retrain`: fresh weights, trained on the retain samples alone. What approximate unlearning is
 * measured against: such a network never saw the forget samples. Needs retain samples, all of
 * them if it is to be as good as the network was.
 */
import type { Settings } from '../../settings.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { trainingSettings } from '../training/training-settings.ts';
import { trainAnew } from './train-anew.ts';

/** Those of training, longer. */
export const retrainSettings = {
  ...trainingSettings,
  epochs: { ...trainingSettings.epochs, default: 60 },
} as const;

export const retrain = defineMethod({
  name: 'retrain',
  modes: ['untrain'],
  needsRetain: true,
  startsAnew: true,
  settings: retrainSettings,
  run: runRetrain,
});

async function runRetrain(
  work: RoundWork,
  settings: Settings<typeof retrainSettings>,
): Promise<MethodResult> {
  const { kind, theta, steps } = await trainAnew(work, work.retain, settings, work.random);
  // Forgotten by construction, wherever the margins stand.
  return { outcome: kind === 'diverged' ? 'diverged' : 'forgotten', theta, steps };
}
