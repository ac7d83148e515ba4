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
import type { LabelledSamples, Network, RoundInput } from '../round.ts';
import { runRound } from '../run-round.ts';
import type { SettingValue } from '../settings.ts';

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
  const { network, original, forget, retain, heldOut, test, seed } = task;
  const unlearning = task.method ?? { name: 'lethe', settings: {} };
  const round = async (what: string, changes: Partial<RoundInput>) => {
    const result = await runRound(
      {
        network,
        weights: original,
        originalWeights: original,
        state: undefined,
        forget,
        mode: 'untrain',
        method: 'retrain',
        settings: { epochs: task.epochs },
        heldOut,
        seed,
        ...changes,
      },
      {
        onProgress: ({ step, stepLimit }) => hooks.report?.({ what, step, stepLimit }),
        ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
      },
    );
    if (result.outcome === 'diverged') {
      throw new LetheError('precondition', `${what} diverged; try fewer --epochs`);
    }
    return result;
  };
  const retrained = await round('retraining without the forgotten', { retain });
  const shadow = await round('training a shadow on everything', {
    retain: joinSamples([retain, forget]),
    // A round must forget something; the shadow is trained on all of the training data.
    forget: firstOf(test, 8),
    seed: seed + 1,
  });
  let [weights, state] = [shadow.weights, undefined as Uint8Array | undefined];
  for (const [index, samples] of task.rounds.entries()) {
    const unlearned = await round(`unlearning, round ${index + 1}`, {
      weights,
      originalWeights: shadow.weights,
      state,
      forget: samples,
      method: unlearning.name,
      settings: unlearning.settings,
    });
    [weights, state] = [unlearned.weights, unlearned.state];
  }
  const judged = {
    served: await judge(task, task.served),
    original: await judge(task, original),
    shadow: await judge(task, shadow.weights),
    retrained: await judge(task, retrained.weights),
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

function firstOf({ values, labels }: LabelledSamples, count: number): LabelledSamples {
  const size = values.length / labels.length;
  return { values: values.slice(0, count * size), labels: labels.slice(0, count) };
}
