import * as tf from '@tensorflow/tfjs';
import { checkRoundInput, checkSomeLeft } from './check-round-input.ts';
import { checkpointOf } from './checkpoint-of.ts';
import { copyRows } from './copy-rows.ts';
import { plainView } from './forget-views.ts';
import { goalFor } from './goals/goal-for.ts';
import { knownInViews } from './goals/known-in-views.ts';
import type { Standings } from './goals/matched-margins.ts';
import { heldOutForMethods, rowsForMethods } from './held-out-parts.ts';
import { marginImportance } from './importance/margin-importance.ts';
import {
  advanceLedger,
  emptyLedger,
  type Ledger,
  lostClassesOf,
  withLostClasses,
} from './ledger/ledger.ts';
import { ledgerShape } from './ledger/ledger-shape.ts';
import { decodeState, encodeState } from './ledger/state-format.ts';
import { accuracy } from './measures/accuracy.ts';
import type { PreparedMethod } from './methods/method.ts';
import { methodNamed } from './methods/methods.ts';
import type { MethodResult, RoundWork } from './methods/round-work.ts';
import { NetworkFunction } from './network/network-function.ts';
import { toNetworkInput } from './network/network-input.ts';
import { Random } from './random.ts';
import type {
  LabelledSamples,
  RoundHooks,
  RoundInput,
  RoundOutcome,
  RoundResult,
} from './round.ts';

/**
 * One round of unlearning on the open tfjs backend. Pure: the same input on the same backend gives
 * the same bytes, and the network is given back with the weights it came with.
 *
 * @throws LetheError `invalid` for input no round can be run on, `corrupt` or `precondition` for a
 *   state that cannot be read, `cancelled` once `hooks.signal` is aborted
 */
export async function runRound(input: RoundInput, hooks: RoundHooks = {}): Promise<RoundResult> {
  const method = methodNamed(input.method);
  checkRoundInput(input, method);
  using network = new NetworkFunction(input.network, input.weights);
  const shape = ledgerShape(network);
  const earlier = input.state === undefined ? emptyLedger(shape) : decodeState(input.state, shape);
  const { forgetClasses = [] } = input;
  const ledger = withLostClasses(
    earlier,
    forgetClasses.map((label) => ({ label, instead: newLabelOf(label, input) })),
  );
  const lostClasses = lostClassesOf(ledger);
  checkSomeLeft(
    lostClasses.map(({ label }) => label),
    input,
  );
  const prepared = method.prepare(input.settings, {
    mode: input.mode,
    k: input.forget.labels.length,
    heldOut: input.heldOut !== undefined,
    wholeClass: forgetClasses.length > 0,
  });
  const meter = { training: 0, forward: 0 };
  const checkpoint = checkpointOf(hooks, meter);
  const { classCount } = input.network;
  const original = network.flatten(input.originalWeights);
  const random = new Random(input.seed);
  const served = network.flatten(input.weights);
  const asTheyAre = await at(served, input.forget.values);
  const forgetAccuracyBefore = forgetAccuracy(asTheyAre);
  const prepare = () =>
    checkpoint({
      phase: 'preparing',
      step: 0,
      stepLimit: 1,
      forgetAccuracy: forgetAccuracyBefore,
    });
  await prepare();
  const givenHeldOut = heldOutForMethods(input.mode, input.heldOut);
  const { views, known } = await viewsOfRound();
  const seen = views.of(input.forget);
  const forget = { ...seen, input: inputOf(input, seen.values) };
  const before = views.count === 1 ? asTheyAre : await at(served, seen.values, prepare);

  let givenHeldOutLogits = known && logitsOfGiven(known.heldOutLogits);
  const { goal, standings } = goalFor(input, {
    known,
    standings: ledger.standings,
    tolerance: prepared.settings.untrainTolerance,
    served: before,
    lostClasses,
    random: random.fork('goal'),
  });
  const unchanged = (outcome: RoundOutcome, steps: number, next = earlier): RoundResult => ({
    outcome,
    weights: input.weights,
    state: next === earlier && input.state !== undefined ? input.state : encodeState(next),
    metrics: metrics(steps, forgetAccuracyBefore),
    settings: prepared.settings,
  });
  const reached = !method.startsAnew && goal.isReached(goal.distances(before));
  if (reached) {
    // They count among those that later samples are placed among, whether they were led or not.
    const counted = standings === ledger.standings ? ledger : { ...ledger, standings };
    return unchanged('already_forgotten', 0, counted);
  }

  const work: RoundWork = {
    network,
    mode: input.mode,
    goal,
    views,
    forget,
    heldOut: givenHeldOut,
    retain: input.retain ?? { values: new Float32Array(0), labels: new Int32Array(0) },
    lostClasses,
    heldOutLogits,
    served,
    original,
    forgetAccuracyBefore,
    ledger,
    random: random.fork(method.name),
    meter,
    checkpoint,
  };
  const { outcome, theta, steps, curvature } = await prepared.run(work);
  if (outcome === 'diverged' || !theta.every(Number.isFinite)) return unchanged('diverged', steps);

  const after = await at(theta, seen.values);
  const forgetAccuracyAfter = forgetAccuracy(after);
  // What the ledger says is of a network that another one has taken the place of.
  const next = method.startsAnew
    ? emptyLedger(shape)
    : await enterRound(work, prepared, {
        theta,
        curvature,
        standings,
        forgetAccuracy: forgetAccuracyAfter,
      });
  // Gradients may not be numbers where the loss still is; the next round could not read them.
  const sound = [next.importance, next.curvature.sums].every((values) =>
    values.every(Number.isFinite),
  );
  if (!sound) return unchanged('diverged', steps);
  return {
    outcome,
    weights: network.unflatten(theta),
    state: encodeState(next),
    metrics: metrics(steps, forgetAccuracyAfter),
    settings: prepared.settings,
  };

  /** Of the samples as they are, from the logits of all views. */
  function forgetAccuracy(logits: Float32Array): number {
    const { labels } = input.forget;
    return accuracy(logits.subarray(0, labels.length * classCount), labels, classCount);
  }

  function viewsOfRound() {
    if (input.mode !== 'untrain') return { views: plainView, known: undefined };
    return knownInViews({
      network: input.network,
      forget: input.forget,
      heldOut: heldOutSamples(),
      mayMirror: prepared.settings.mirrored,
      random: random.fork('known'),
      original: atOriginal,
      served: served.every((weight, i) => weight === original[i])
        ? undefined
        : (values) => at(served, values, prepare),
    });
  }

  function heldOutSamples(): LabelledSamples {
    return input.heldOut ?? { values: new Float32Array(0), labels: new Int32Array(0) };
  }

  /** Logits under θ of samples as read. */
  async function at(theta: Float32Array, values: Float32Array, onBatch?: () => Promise<void>) {
    meter.forward += values.length / network.sampleSize;
    const position = tf.tensor1d(theta);
    try {
      return await network.evaluate(position, inputOf(input, values), { onBatch });
    } finally {
      position.dispose();
    }
  }

  function atOriginal(values: Float32Array): Promise<Float32Array> {
    return at(original, values, prepare);
  }

  /** Of the held-out samples that methods are given. */
  async function heldOutLogits(): Promise<Float32Array> {
    givenHeldOutLogits ??= await atOriginal(givenHeldOut?.values ?? new Float32Array(0));
    return givenHeldOutLogits;
  }

  /** @param logits of all held-out samples, view after view */
  function logitsOfGiven(logits: Float32Array): Float32Array {
    const rows = rowsForMethods(input.mode, heldOutSamples().labels);
    const given = new Float32Array(rows.length * classCount);
    copyRows(given, logits, rows, classCount);
    return given;
  }

  function metrics(steps: number, forgetAccuracyAfter: number): RoundResult['metrics'] {
    return {
      steps,
      imagePasses: meter.training + meter.forward,
      trainingPasses: meter.training,
      forwardPasses: meter.forward,
      forgetAccuracyBefore,
      forgetAccuracyAfter,
    };
  }
}

/** In `relabel`, what the samples of a class that is forgotten as a whole are to be called. */
function newLabelOf(label: number, { forget, targetLabels }: RoundInput): number | undefined {
  return targetLabels?.[forget.labels.indexOf(label)];
}

/** The ledger after the round. */
async function enterRound(
  { network, goal, forget, ledger, meter, checkpoint }: RoundWork,
  { settings }: PreparedMethod,
  {
    theta,
    curvature,
    standings,
    forgetAccuracy,
  }: Pick<MethodResult, 'theta' | 'curvature'> & {
    readonly standings: Standings;
    readonly forgetAccuracy: number;
  },
): Promise<Ledger> {
  const stepLimit = forget.labels.length;
  const position = tf.tensor1d(theta);
  try {
    const importance = await marginImportance(
      network,
      position,
      forget.input,
      goal.labels,
      async (step) => {
        meter.training += 1;
        await checkpoint({ phase: 'importance', step, stepLimit, forgetAccuracy });
      },
    );
    const decay = settings.importanceDecay;
    return advanceLedger(ledger, { samples: stepLimit, importance, decay, curvature, standings });
  } finally {
    position.dispose();
  }
}

function inputOf({ network }: RoundInput, values: Float32Array): Float32Array {
  return toNetworkInput(values.slice(), network.preprocessing, network.sampleShape.at(-1) ?? 1);
}
