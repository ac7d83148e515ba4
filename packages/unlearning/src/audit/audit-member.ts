import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { joinSamples } from '../join-samples.ts';
import { accuracy } from '../measures/accuracy.ts';
import { classMatchedAuc } from '../measures/class-matched-auc.ts';
import { membershipScores } from '../measures/scores.ts';
import type { Accuracies } from '../measures/tug-of-war.ts';
import { scaledConfidence } from '../measures/u-lira.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { toNetworkInput } from '../network/network-input.ts';
import { Random } from '../random.ts';
import type { LabelledSamples, Network, RoundHooks } from '../round.ts';
import { runRound } from '../run-round.ts';
import type { SettingValue } from '../settings.ts';
import { trainNetwork } from './train-network.ts';

/** What is audited: a network, and the rounds of `untrain` that made another one of it. */
export interface AuditTask {
  readonly network: Network;
  readonly original: readonly Float32Array[];
  readonly served: readonly Float32Array[];
  /** What each round forgot, oldest round first; a sample may be in several. */
  readonly rounds: readonly LabelledSamples[];
  /** All of it, every sample once. */
  readonly forget: LabelledSamples;
  /** The rest of the training data. */
  readonly retain: LabelledSamples;
  /** What rounds are led by. */
  readonly heldOut: LabelledSamples;
  /** What nobody has used. */
  readonly test: LabelledSamples;
  /** Walks over the training data. */
  readonly epochs: number;
  readonly seed: number;
  /** How shadows unlearn; `lethe` with its defaults where it is left out. */
  readonly method?: {
    readonly name: string;
    readonly settings: Readonly<Record<string, SettingValue>>;
  };
}

export interface Membership {
  readonly served: number;
  readonly original: number;
  readonly shadow: number;
  readonly retrained: number;
}

/** What one member of the ensembles tells. */
export interface AuditMember {
  /** Of the served model; the same for every member. */
  readonly served: Accuracies;
  /** Of the network as it was imported; likewise. */
  readonly original: Accuracies;
  /** Of a network trained on everything by the audit: it should be like the original. */
  readonly shadow: Accuracies;
  /** Of a network that never saw what was forgotten. */
  readonly retrained: Accuracies;
  /** Membership AUC of the loss, forgotten against test samples, of each network; 0.5 is chance. */
  readonly membership: Membership;
  /** [k] log-odds of the label on each forgotten sample, for the retrained network, … */
  readonly retrainedConfidences: readonly number[];
  /** … for the shadow, … */
  readonly shadowConfidences: readonly number[];
  /** … and for the shadow after it unlearned what was forgotten, round by round. */
  readonly unlearnedConfidences: readonly number[];
}

export interface AuditProgress {
  readonly what: string;
  readonly step: number;
  readonly stepLimit: number;
}

/**
 * Trains two networks, one on everything, one without what was forgotten, and has the first unlearn
 * it as the audited one did.
 *
 * @throws LetheError `precondition` where training diverges, `cancelled` once the signal is aborted
 */
export async function auditMember(
  task: AuditTask,
  hooks: {
    readonly report?: (progress: AuditProgress) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<AuditMember> {
  const { network, original, forget, retain, heldOut, seed, epochs } = task;
  const unlearning = task.method ?? { name: 'lethe', settings: {} };
  const hooksFor = (what: string): RoundHooks => ({
    onProgress: ({ step, stepLimit }) => hooks.report?.({ what, step, stepLimit }),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
  });
  const retrained = await trainNetwork(
    network,
    retain,
    { epochs, seed, frozen: original },
    hooksFor('retraining without the forgotten'),
  );
  const shadow = await trainNetwork(
    network,
    joinSamples([retain, forget]),
    { epochs, seed: seed + 1, frozen: original },
    hooksFor('training a shadow on everything'),
  );
  let [weights, state]: [readonly Float32Array[], Uint8Array | undefined] = [shadow, undefined];
  for (const [index, samples] of task.rounds.entries()) {
    const what = `unlearning, round ${index + 1}`;
    const result = await runRound(
      {
        network,
        weights,
        originalWeights: shadow,
        state,
        forget: samples,
        mode: 'untrain',
        method: unlearning.name,
        settings: unlearning.settings,
        heldOut,
        seed: new Random(seed).fork(what).bits(),
      },
      hooksFor(what),
    );
    if (result.outcome === 'diverged') {
      throw new LetheError('precondition', `${what} diverged: there is nothing to compare with`);
    }
    [weights, state] = [result.weights, result.state];
  }
  const judged = {
    served: await judge(task, task.served),
    original: await judge(task, original),
    shadow: await judge(task, shadow),
    retrained: await judge(task, retrained),
    unlearned: await judge(task, weights),
  };
  return {
    served: judged.served.accuracies,
    original: judged.original.accuracies,
    shadow: judged.shadow.accuracies,
    retrained: judged.retrained.accuracies,
    membership: {
      served: judged.served.membership,
      original: judged.original.membership,
      shadow: judged.shadow.membership,
      retrained: judged.retrained.membership,
    },
    retrainedConfidences: judged.retrained.confidences,
    shadowConfidences: judged.shadow.confidences,
    unlearnedConfidences: judged.unlearned.confidences,
  };
}

async function judge(
  { network, forget, retain, test }: AuditTask,
  weights: readonly Float32Array[],
) {
  using f = new NetworkFunction(network, weights);
  const theta = tf.tensor1d(f.flatten(weights));
  const { classCount, preprocessing, sampleShape } = network;
  const channels = sampleShape.at(-1) ?? 1;
  const answers = async ({ values, labels }: LabelledSamples) => {
    const input = toNetworkInput(values.slice(), preprocessing, channels);
    const logits = await f.evaluate(theta, input);
    const { loss: scores } = membershipScores(logits, labels, classCount);
    return { accuracy: accuracy(logits, labels, classCount), scores, labels };
  };
  try {
    const [ofForget, ofTest] = [await answers(forget), await answers(test)];
    const ofRetain = await answers(retain);
    return {
      accuracies: {
        forget: ofForget.accuracy,
        retain: ofRetain.accuracy,
        test: ofTest.accuracy,
      },
      membership: classMatchedAuc(ofForget, ofTest).value,
      confidences: [...ofForget.scores].map(scaledConfidence),
    };
  } finally {
    theta.dispose();
  }
}
