/**
 * `finetune`: training goes on with the retain samples alone, until the forget samples are where
 * the round wants them. The network forgets by neglect. Needs retain samples.
 */
import type { Settings } from '../../settings.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { type Trained, trainOn } from '../training/train-on.ts';
import { trainingSettings } from '../training/training-settings.ts';

export const finetune = defineMethod({
  name: 'finetune',
  modes: ['untrain', 'misclassify'],
  needsRetain: true,
  settings: trainingSettings,
  run: runFinetune,
});

async function runFinetune(
  work: RoundWork,
  settings: Settings<typeof trainingSettings>,
): Promise<MethodResult> {
  const { network, goal, forget, meter } = work;
  const { kind, theta, steps } = await trainOn(work, work.retain, work.served, settings, {
    pace: () => 1,
    random: work.random.fork('batches'),
    normalisation: 'running',
    enough: async (at) => {
      meter.forward += forget.labels.length;
      return goal.isReached(goal.distances(await network.evaluate(at, forget.input)));
    },
  });
  return { outcome: outcomes[kind], theta, steps };
}

const outcomes = {
  stopped: 'forgotten',
  out_of_epochs: 'not_converged',
  diverged: 'diverged',
} as const satisfies Record<Trained['kind'], MethodResult['outcome']>;
