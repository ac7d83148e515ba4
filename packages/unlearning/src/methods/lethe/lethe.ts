/**
 * `lethe`: a bounded forget term, distillation on surrogates made out of the forget set and, of
 * the labels that it does not have, on copies of it, a penalty on what earlier rounds have moved,
 * and a repair once the goal is met:
 *   L(θ) = goal(f_θ(x_f)) + λ T² [KL(p_teacher ‖ p_θ) on surrogates
 *          + ν KL(p⁰ ‖ p_θ) of the other labels on copies of x_f] + w ½ Σ F (θ − θ_served)²
 */
import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import type { Goal } from '../../goals/goal.ts';
import { labelsOf } from '../../goals/labels-of.ts';
import { distillationLoss } from '../../losses/distillation.ts';
import { type LeadBand, outsideBand } from '../../losses/lead-band.ts';
import { margins } from '../../measures/margins.ts';
import { surrogatesFor } from '../../surrogates/surrogates-for.ts';
import { defineMethod } from '../method.ts';
import type { MethodResult, RoundWork } from '../round-work.ts';
import { firstStepRate } from './first-step.ts';
import { ForgetBatches } from './forget-batches.ts';
import { forgetCopies } from './forget-copies.ts';
import { leadBandFor } from './lead-band-for.ts';
import { leastStep } from './least-step.ts';
import { heldImportance, type ImportanceRule, ledgerPull } from './ledger-pull.ts';
import { type LetheSettings, letheSettings } from './lethe-settings.ts';
import { nonTargetHold } from './non-target.ts';
import { Pacer } from './pace.ts';
import {
  fillRetainBatch,
  type Proxies,
  type RetainSource,
  retainTargets,
  type Teacher,
} from './retention.ts';
import { stepsFor } from './steps-for.ts';

export const lethe = defineMethod({
  name: 'lethe',
  modes: ['untrain', 'misclassify', 'relabel'],
  settings: letheSettings,
  run: runLethe,
});

async function runLethe(work: RoundWork, settings: LetheSettings): Promise<MethodResult> {
  const { network, goal, forget, meter } = work;
  const k = forget.labels.length;
  const classCount = network.network.classCount;
  const batches = new ForgetBatches(k, settings.forgetBatch, work.random.fork('forget batches'));
  const pacer = new Pacer(settings);
  const source = await retainSource(work, settings);
  const band = await leadBandFor(work, settings);
  const pressureOf = pressureIn(band, goal);
  const copies = forgetCopies(
    network.network,
    forget.values,
    settings.copies,
    work.random.fork('copies'),
    work.views.count === 1,
  );
  using nonTarget = nonTargetHold(work, settings);
  const nonTargetCount = nonTarget?.count ?? 0;
  // A batch is forget samples, copies of some of them, and what is retained.
  const largest =
    batches.size + copies.countOf(batches.size) + settings.retainBatch + nonTargetCount;
  const room = new Float32Array(largest * network.sampleSize);

  const rule = settings.importanceRule as ImportanceRule;
  const held = await heldImportance(work, settings.importance, rule);
  const steps = await stepsFor(work, settings, source);
  using optimizer = steps.optimizer;
  const served = tf.tensor1d(work.served);
  const teachers = teachersOf(work, settings, served);
  const pull = ledgerPull(held, served, work.original, rule);
  let theta = served.clone();
  let good: tf.Tensor1D | undefined;

  try {
    const everyone = Int32Array.from({ length: k }, (_, i) => i);
    const distances = new Float32Array(k);
    const pressure = pressureOf && new Float32Array(k);
    const wrong = new Uint8Array(k);
    await judgeAll();
    const rate = await fullRate();
    let retainShare = 1;
    for (let step = 0; ; step++) {
      const samples = batches.next({ distances, pressure });
      const copyCount = copies.countOf(samples.length);
      const batch = partsOf(samples.length, copyCount);
      copyRows(batch.forget, forget.input, samples, network.sampleSize);
      const copied = copies.fill(batch.copies, samples);
      const proxies = fillRetainBatch(batch.retain, network, source);
      const { loss, logits, gradient } = computeStep(
        batch,
        { own: samples, copied },
        proxies,
        settings.retainWeight * retainShare,
      );
      const [[lossValue], values] = await Promise.all([
        loss.data<'float32'>(),
        logits.data<'float32'>(),
      ]);
      tf.dispose([loss, logits]);
      if (!Number.isFinite(lossValue)) {
        gradient.dispose();
        return { outcome: 'diverged', theta: work.served, steps: step };
      }
      note(values.subarray(0, samples.length * classCount), samples);
      const reached = await isReached(step, samples.length === k);
      if (reached === true) {
        good?.dispose();
        good = theta.clone();
      }
      const pace = pacer.next(reached, mean(distances));
      if (pace.kind === 'ended') {
        gradient.dispose();
        return await finish(step);
      }
      const next = optimizer.step(theta, gradient, rate * pace.rateShare);
      tf.dispose([theta, gradient]);
      theta = next;
      retainShare = pace.retainShare;
      await work.checkpoint({
        phase: pace.kind,
        step,
        stepLimit: settings.stepLimit + settings.repairSteps,
        forgetAccuracy: 1 - mean(wrong),
      });
    }

    function partsOf(forgetCount: number, copyCount: number): BatchParts {
      const size = network.sampleSize;
      const [copiesFrom, retainFrom] = [forgetCount * size, (forgetCount + copyCount) * size];
      const nonTargetFrom = retainFrom + settings.retainBatch * size;
      const end = nonTargetFrom + nonTargetCount * size;
      return {
        all: room.subarray(0, end),
        forget: room.subarray(0, copiesFrom),
        copies: room.subarray(copiesFrom, retainFrom),
        retain: room.subarray(retainFrom, nonTargetFrom),
        nonTarget: room.subarray(nonTargetFrom, end),
      };
    }

    function fullRate(): Promise<number> {
      const samples = batches.next({ distances });
      const { forget: input } = partsOf(samples.length, 0);
      copyRows(input, forget.input, samples, network.sampleSize);
      meter.training += samples.length;
      const { firstStep } = settings;
      return firstStepRate(network, theta, goal, input, samples, optimizer, band, firstStep);
    }

    /** @param forgotten which sample each row of the forget part is of, and each of the copies */
    function computeStep(
      batch: BatchParts,
      forgotten: { readonly own: Int32Array; readonly copied: Int32Array },
      proxies: Int32Array,
      retainWeight: number,
    ) {
      const samples = Int32Array.of(...forgotten.own, ...forgotten.copied);
      const forgetCount = samples.length;
      const { retainBatch } = settings;
      meter.training += forgetCount + retainBatch + nonTargetCount;
      meter.forward += (retainBatch - proxies.length) * teachers.length;
      const surrogates = batch.retain.subarray(proxies.length * network.sampleSize);
      // The same mean whether or not those at rest, which add nothing to it, are there.
      const whole = batches.size + copies.countOf(batches.size);
      const forgetWeight = pressureOf === undefined ? 1 : forgetCount / whole;
      return tf.tidy(() => {
        const targets = retainTargets(
          network,
          { proxies, from: source.proxies },
          teachers,
          surrogates,
          { temperature: settings.temperature, lost: work.lostClasses },
        );
        const nonTargetLoss = nonTarget?.next(batch.nonTarget);
        const result = network.gradient(theta, network.tensorOf(batch.all), (z) => {
          const forgetLogits = z.slice([0, 0], [forgetCount, classCount]);
          const retainLogits = z.slice([forgetCount, 0], [retainBatch, classCount]);
          const others = nonTargetLoss?.(z.slice([forgetCount + retainBatch, 0]));
          const retained = distillationLoss(retainLogits, targets, settings.temperature);
          return goal
            .loss(forgetLogits, samples, band, forgotten.copied.length)
            .mul<tf.Scalar>(forgetWeight)
            .add<tf.Scalar>((others?.add(retained) ?? retained).mul(retainWeight));
        });
        return { ...result, gradient: result.gradient.add<tf.Tensor1D>(pull.at(theta)) };
      });
    }

    /** Takes down how far the samples of a batch are. */
    function note(logits: Float32Array, samples: Int32Array): void {
      const now = goal.distances(logits, samples);
      const own = margins(logits, labelsOf(forget.labels, samples), classCount);
      const push = pressureOf?.(logits, samples);
      for (const [row, sample] of samples.entries()) {
        distances[sample] = now[row] as number;
        wrong[sample] = (own[row] as number) < 0 ? 1 : 0;
        if (pressure !== undefined) pressure[sample] = push?.[row] as number;
      }
    }

    async function judgeAll(): Promise<boolean> {
      meter.forward += k;
      const logits = await network.evaluate(theta, forget.input);
      note(logits, everyone);
      return goal.isReached(distances);
    }

    /**
     * A batch may show a part only: what it suggests is checked on all, every few steps.
     *
     * @returns undefined where it was not looked at
     */
    async function isReached(step: number, allSeen: boolean): Promise<boolean | undefined> {
      if (allSeen) return goal.isReached(distances);
      if (step % checkEvery !== 0) return undefined;
      // Of a set that fits a batch, those left out are looked at however far the others are.
      if (batches.size === k) return await judgeAll();
      return goal.isReached(distances) && (await judgeAll());
    }

    async function finish(count: number): Promise<MethodResult> {
      const reached = await judgeAll();
      const end = reached ? theta : (good ?? theta);
      const forgotten = reached || good !== undefined;
      const shortfallOf = settings.shorten && forgotten ? pressureOf : undefined;
      const least = shortfallOf && (await leastOf(end, shortfallOf));
      const chosen = least ?? end;
      const result = (await chosen.data<'float32'>()).slice();
      least?.dispose();
      return {
        outcome: forgotten ? 'forgotten' : 'not_converged',
        theta: result,
        steps: count,
        curvature: steps.curvature,
      };
    }

    /** The nearest point on the way where nobody is short of a lead that is had at its end. */
    function leastOf(end: tf.Tensor1D, shortfallOf: PressureOf) {
      return leastStep(served, end, async (at) => {
        meter.forward += k;
        return shortfallOf(await network.evaluate(at, forget.input), everyone);
      });
    }
  } finally {
    pull[Symbol.dispose]();
    tf.dispose([theta, served, ...teachers.map((teacher) => teacher.theta)]);
    good?.dispose();
  }
}

type PressureOf = (logits: Float32Array, samples: Int32Array) => Float32Array;

/** How far samples are from where the loss leaves them alone; undefined where it never does. */
function pressureIn(band: LeadBand, { leads }: Goal): PressureOf | undefined {
  return leads && ((logits, samples) => outsideBand(leads(logits, samples), samples, band));
}

/** Views of one batch, preprocessed, row-major. */
interface BatchParts {
  readonly all: Float32Array;
  readonly forget: Float32Array;
  readonly copies: Float32Array;
  readonly retain: Float32Array;
  readonly nonTarget: Float32Array;
}

async function retainSource(work: RoundWork, settings: LetheSettings): Promise<RetainSource> {
  return {
    surrogates: surrogatesFor(
      work.network.network,
      work.forget.values,
      work.random.fork('surrogates'),
    ),
    proxies: settings.proxyShare > 0 ? await proxiesOf(work) : undefined,
    proxyShare: settings.proxyShare,
    random: work.random.fork('proxies'),
  };
}

async function proxiesOf({ heldOut, ...work }: RoundWork): Promise<Proxies | undefined> {
  if (heldOut === undefined) return undefined;
  return { values: heldOut.values, logits: await work.heldOutLogits() };
}

/** The served network, the original one, or both; in a first round they are the same. */
function teachersOf(work: RoundWork, settings: LetheSettings, served: tf.Tensor1D): Teacher[] {
  const share = work.ledger.rounds === 0 ? 1 : settings.servedTeacher;
  return [
    { share, theta: () => served.clone() },
    { share: 1 - share, theta: () => tf.tensor1d(work.original) },
  ]
    .filter((teacher) => teacher.share > 0)
    .map((teacher) => ({ share: teacher.share, theta: teacher.theta() }));
}

function mean(values: Float32Array | Uint8Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Steps between two looks at all samples when batches do not hold them. */
const checkEvery = 5;
