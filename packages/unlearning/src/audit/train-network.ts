import { LetheError } from '@lethe/contracts';
import { checkpointOf } from '../checkpoint-of.ts';
import { retrainSettings } from '../methods/retrain/retrain.ts';
import { trainAnew } from '../methods/retrain/train-anew.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { Random } from '../random.ts';
import type { LabelledSamples, Network, RoundHooks } from '../round.ts';
import { resolveSettings } from '../settings.ts';

export interface TrainingPlan {
  /** Walks over the samples. */
  readonly epochs: number;
  readonly seed: number;
  /** What is done to images in training, as `retrain` has it; nothing where it is left out. */
  readonly augment?: string | undefined;
  /**
   * Whose values the weights get that are not trainable, but for statistics of batch normalisation:
   * in the order of `model.getWeights()`.
   */
  readonly frozen: readonly Float32Array[];
}

/**
 * Trains fresh weights as the method `retrain` does, on all samples.
 *
 * @returns weights in the order of `model.getWeights()`
 * @throws LetheError `precondition` where training diverges, `cancelled` once the signal is aborted
 */
export async function trainNetwork(
  network: Network,
  samples: LabelledSamples,
  { epochs, seed, augment = 'none', frozen }: TrainingPlan,
  hooks: RoundHooks = {},
): Promise<Float32Array[]> {
  using f = new NetworkFunction(network, frozen);
  const meter = { training: 0, forward: 0 };
  const checkpoint = checkpointOf(hooks, meter);
  const work = { network: f, meter, forgetAccuracyBefore: Number.NaN, checkpoint };
  const situation = { mode: 'untrain', k: 0, heldOut: false, wholeClass: false } as const;
  const settings = resolveSettings('retrain', retrainSettings, { epochs, augment }, situation);
  const { kind, theta } = await trainAnew(work, samples, settings, new Random(seed));
  if (kind === 'diverged') {
    throw new LetheError(
      'precondition',
      'Training diverged: a loss or a weight is no finite number. Check the preprocessing and the samples.',
    );
  }
  return f.unflatten(theta);
}
