/**
 * L2UL (Cha et al., AAAI 2024) as its code does it, its defects mended (docs/unlearning.md):
 *   L(θ) = −CE(f(x_f), y_f) n_f/(n_f + n_a) + CE(f(x_a), y_a) n_a/(n_f + n_a)
 *          + λ ½ Σ (1 − Ω̄)(θ − θ⁰)²
 * with its ablations `adv` (first two terms) and `neggrad` (the first). In `relabel` the first
 * term is +CE towards the stated label. θ⁰ is the network at the start of the round.
 */
import * as tf from '@tensorflow/tfjs';
import { crossEntropyLoss } from '../../losses/cross-entropy.ts';
import { accuracy } from '../../measures/accuracy.ts';
import type { Normalisation } from '../../network/network-function.ts';
import { momentumSgd } from '../../optimizers/momentum-sgd.ts';
import type { Settings } from '../../settings.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { advSettings, l2ulSettings, neggradSettings } from './l2ul-settings.ts';
import { publishedHold } from './published-hold.ts';
import { type PerturbedSamples, targetedAttack } from './targeted-attack.ts';

const modes = ['misclassify', 'relabel', 'untrain'] as const;

export const l2ul = defineMethod({
  name: 'l2ul',
  modes,
  settings: l2ulSettings,
  run: async (work, settings) =>
    descend(work, settings, {
      perturbed: await perturb(work, settings),
      hold: (await publishedHold(work)).map((strength) => settings.importance * strength),
    }),
});

export const adv = defineMethod({
  name: 'adv',
  modes,
  settings: advSettings,
  run: async (work, settings) =>
    descend(work, settings, { perturbed: await perturb(work, settings) }),
});

export const neggrad = defineMethod({
  name: 'neggrad',
  modes,
  settings: neggradSettings,
  run: (work, settings) => descend(work, settings, {}),
});

/** The terms beyond the first. */
interface OtherTerms {
  readonly perturbed?: PerturbedSamples;
  /** λ (1 − Ω̄): [parameters] */
  readonly hold?: Float32Array;
}

async function descend(
  work: RoundWork,
  settings: Settings<typeof neggradSettings>,
  { perturbed, hold }: OtherTerms,
): Promise<MethodResult> {
  const { network, goal, forget, meter } = work;
  const size = network.sampleSize;
  const k = forget.labels.length;
  const adversarialBatch = 'adversarialBatch' in settings ? Number(settings.adversarialBatch) : 0;
  const walk = perturbed === undefined ? k : perturbed.labels.length;
  const stride = perturbed === undefined ? settings.forgetBatch : adversarialBatch;
  const stepsPerEpoch = Math.ceil(walk / stride);
  const stepLimit = Math.min(settings.maxSteps, settings.maxEpochs * stepsPerEpoch);
  const forgetBatches = Math.ceil(k / settings.forgetBatch);

  const theta0 = tf.tensor1d(work.served);
  const held = hold === undefined ? undefined : tf.tensor1d(hold);
  using optimizer = momentumSgd(network.parameterCount, settings.momentum, settings.weightDecay);
  let theta = theta0.clone();
  try {
    for (let step = 0; step < stepLimit; step++) {
      const own = samplesFrom(
        (step % forgetBatches) * settings.forgetBatch,
        settings.forgetBatch,
        k,
      );
      const other = samplesFrom((step % stepsPerEpoch) * stride, stride, walk);
      const { loss, gradient } = computeStep(own, other);
      const [lossValue] = await loss.data<'float32'>();
      loss.dispose();
      const next = optimizer.step(theta, gradient, settings.learningRate);
      tf.dispose([theta, gradient]);
      theta = next;

      meter.forward += k;
      const judged = await network.evaluate(theta, forget.input);
      if (!Number.isFinite(lossValue) || judged.some((value) => !Number.isFinite(value))) {
        return { outcome: 'diverged', theta: work.served, steps: step + 1 };
      }
      await work.checkpoint({
        phase: 'forgetting',
        step,
        stepLimit,
        forgetAccuracy: accuracy(judged, forget.labels, network.network.classCount),
      });
      if (goal.isReached(goal.distances(judged))) return await ended('forgotten', step + 1);
    }
    return await ended('not_converged', stepLimit);
  } finally {
    tf.dispose([theta, theta0]);
    held?.dispose();
  }

  /** One pass for each batch: batch normalisation sees them apart. */
  function computeStep(own: Range, other: Range): { loss: tf.Scalar; gradient: tf.Tensor1D } {
    const n = own.to - own.from;
    const m = perturbed === undefined ? 0 : other.to - other.from;
    meter.training += n + m;
    return tf.tidy(() => {
      let { loss, gradient } = pass(forget.input, own, (z) =>
        forgetTerm(z, own).mul<tf.Scalar>(n / (n + m)),
      );
      if (perturbed !== undefined) {
        const labels = perturbed.labels.slice(other.from, other.to);
        const second = pass(perturbed.input, other, (z) =>
          crossEntropyLoss(z, labels).mul<tf.Scalar>(m / (n + m)),
        );
        loss = loss.add(second.loss);
        gradient = gradient.add(second.gradient);
      }
      if (held !== undefined) {
        const pull = theta.sub(theta0).mul(held);
        loss = loss.add(pull.mul(theta.sub(theta0)).sum().div(2));
        gradient = gradient.add(pull);
      }
      return { loss, gradient };
    });
  }

  function pass(input: Float32Array, { from, to }: Range, loss: (z: tf.Tensor2D) => tf.Scalar) {
    const batch = network.tensorOf(input.subarray(from * size, to * size));
    return network.gradient(theta, batch, loss, settings.normalisation as Normalisation);
  }

  function forgetTerm(logits: tf.Tensor2D, { from, to }: Range): tf.Scalar {
    const loss = crossEntropyLoss(logits, goal.labels.slice(from, to));
    return work.mode === 'relabel' ? loss : loss.neg();
  }

  async function ended(outcome: MethodResult['outcome'], steps: number): Promise<MethodResult> {
    return { outcome, theta: (await theta.data<'float32'>()).slice(), steps };
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function samplesFrom(from: number, count: number, total: number): Range {
  return { from, to: Math.min(from + count, total) };
}

async function perturb(
  work: RoundWork,
  settings: Settings<typeof advSettings>,
): Promise<PerturbedSamples> {
  const { network, forget, meter } = work;
  const theta = tf.tensor1d(work.served);
  const batches = Math.ceil((forget.labels.length * settings.perturbations) / 256);
  let step = 0;
  try {
    return await targetedAttack(
      network,
      theta,
      forget.values,
      forget.labels,
      settings,
      work.random.fork('attack'),
      async (images) => {
        meter.training += images;
        await work.checkpoint({
          phase: 'preparing',
          step: step++,
          stepLimit: batches * settings.attackIterations,
          forgetAccuracy: work.forgetAccuracyBefore,
        });
      },
    );
  } finally {
    theta.dispose();
  }
}
