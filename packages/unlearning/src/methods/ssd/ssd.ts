/**
 * `ssd`: selective synaptic dampening (Foster et al., AAAI 2024) without labels and without
 * retain data. Importance is that of loss-free SSD (Foster et al. 2024): the gradient of the
 * squared norm of the logits, not of a loss. What the paper measures on the retain set is measured on
 * unlabelled held-out samples or on surrogates. No training step is taken: one importance per
 * sample, then multiplications, with the largest α that meets the round's goal.
 */
import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import { outputImportance } from '../../importance/output-importance.ts';
import { accuracy } from '../../measures/accuracy.ts';
import { toNetworkInput } from '../../network/network-input.ts';
import type { Settings } from '../../settings.ts';
import { surrogatesFor } from '../../surrogates/surrogates-for.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { dampen } from './dampen.ts';
import { ssdSettings } from './ssd-settings.ts';

export const ssd = defineMethod({
  name: 'ssd',
  modes: ['misclassify', 'untrain'],
  settings: ssdSettings,
  run: runSsd,
});

async function runSsd(
  work: RoundWork,
  settings: Settings<typeof ssdSettings>,
): Promise<MethodResult> {
  const { network, goal, forget, meter } = work;
  const k = forget.labels.length;
  const reference = referenceInput(work, settings.referenceSamples);
  const count = reference.length / network.sampleSize;
  const own = await meanImportance(work, forget.input, k + count, 0);
  const kept = await meanImportance(work, reference, k + count, k);

  const { selectionFloor: floor, selectionFall: fall, dampening } = settings;
  const tries = 1 + Math.max(0, Math.floor(Math.log(floor / settings.selection) / Math.log(fall)));
  let weights = work.served;
  for (let step = 0; step < tries; step++) {
    const selection = settings.selection * fall ** step;
    weights = dampen(work.served, own, kept, { selection, dampening });
    const theta = tf.tensor1d(weights);
    try {
      meter.forward += k;
      const logits = await network.evaluate(theta, forget.input);
      if (goal.isReached(goal.distances(logits))) {
        return { outcome: 'forgotten', theta: weights, steps: step + 1 };
      }
      const forgetAccuracy = accuracy(logits, forget.labels, network.network.classCount);
      await work.checkpoint({ phase: 'forgetting', step, stepLimit: tries, forgetAccuracy });
    } finally {
      theta.dispose();
    }
  }
  return { outcome: 'not_converged', theta: weights, steps: tries };
}

/** Mean over samples of |∂‖logits‖₂²/∂θ|, at the served network. */
async function meanImportance(
  work: RoundWork,
  input: Float32Array,
  stepLimit: number,
  firstStep: number,
): Promise<Float32Array> {
  const { network, meter, forgetAccuracyBefore: forgetAccuracy } = work;
  const theta = tf.tensor1d(work.served);
  try {
    const sum = await outputImportance(network, theta, input, 'squared norm', async (sample) => {
      meter.training += 1;
      const step = firstStep + sample;
      await work.checkpoint({ phase: 'importance', step, stepLimit, forgetAccuracy });
    });
    const count = input.length / network.sampleSize;
    return sum.map((value) => value / count);
  } finally {
    theta.dispose();
  }
}

/** What stands for the kept samples, preprocessed. Labels are not looked at. */
function referenceInput({ network, heldOut, forget, random }: RoundWork, count: number) {
  const size = network.sampleSize;
  const { preprocessing, sampleShape } = network.network;
  let values: Float32Array;
  if (heldOut === undefined) {
    values = new Float32Array(count * size);
    surrogatesFor(network.network, forget.values, random.fork('surrogates')).fill(values);
  } else {
    const order = random.fork('reference').permutation(heldOut.labels.length).subarray(0, count);
    values = new Float32Array(order.length * size);
    copyRows(values, heldOut.values, order, size);
  }
  return toNetworkInput(values, preprocessing, sampleShape.at(-1) ?? 1);
}
