import * as tf from '@tensorflow/tfjs';
import { checkpointOf } from '../checkpoint-of.ts';
import { joinSamples } from '../join-samples.ts';
import { accuracy } from '../measures/accuracy.ts';
import { classMatchedAuc } from '../measures/class-matched-auc.ts';
import { membershipScores } from '../measures/scores.ts';
import type { Accuracies } from '../measures/tug-of-war.ts';
import { scaledConfidence } from '../measures/u-lira.ts';
import type { RoundWork } from '../methods/round-work.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { toNetworkInput } from '../network/network-input.ts';
import type { LabelledSamples, Network, RoundHooks } from '../round.ts';
import { trainNetwork } from './train-network.ts';
import { type UnlearningPlan, unlearnRounds } from './unlearn-rounds.ts';

/** What is audited: a network, and the rounds of `untrain` that made another one of it. */
export interface AuditTask extends UnlearningPlan {
  readonly network: Network;
  readonly original: readonly Float32Array[];
  readonly served: readonly Float32Array[];
  /** All of it, every sample once. */
  readonly forget: LabelledSamples;
  /** The rest of the training data. */
  readonly retain: LabelledSamples;
  /** What nobody has used. */
  readonly test: LabelledSamples;
  /** Walks over the training data. */
  readonly epochs: number;
  /** What is done to images in training, as `retrain` has it; nothing where it is left out. */
  readonly augment?: string | undefined;
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

export interface AuditHooks {
  readonly report?: (progress: AuditProgress) => void;
  readonly signal?: AbortSignal;
  /** Gives a network that was trained before, or the new one: training takes longest. */
  readonly trained?: (
    which: 'retrained' | 'shadow',
    train: () => Promise<Float32Array[]>,
  ) => Promise<Float32Array[]>;
}

/**
 * Trains two networks, one on everything, one without what was forgotten, and has the first unlearn
 * it as the audited one did.
 *
 * @throws LetheError `precondition` where training diverges, `cancelled` once the signal is aborted
 */
export async function auditMember(task: AuditTask, hooks: AuditHooks = {}): Promise<AuditMember> {
  const { network, original, forget, retain, seed, epochs, augment } = task;
  const hooksFor = (what: string): RoundHooks => ({
    onProgress: ({ step, stepLimit }) => hooks.report?.({ what, step, stepLimit }),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
  });
  const { trained = (_which, train) => train() } = hooks;
  const retrained = await trained('retrained', () =>
    trainNetwork(
      network,
      retain,
      { epochs, augment, seed, frozen: original },
      hooksFor('retraining without the forgotten'),
    ),
  );
  const shadow = await trained('shadow', () =>
    trainNetwork(
      network,
      joinSamples([retain, forget]),
      { epochs, augment, seed: seed + 1, frozen: original },
      hooksFor('training a shadow on everything'),
    ),
  );
  const unlearned = await unlearnRounds(network, shadow, task, hooksFor);
  const networks = { served: task.served, original, shadow, retrained, unlearned };
  const checkpoint = checkpointOf(hooksFor('judging'), { training: 0, forward: 0 });
  const judged = await judge(task, networks, checkpoint);
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

interface Judgement {
  readonly accuracies: Accuracies;
  readonly membership: number;
  /** [k] of the forget samples */
  readonly confidences: readonly number[];
}

async function judge<Name extends string>(
  { network, forget, retain, test }: AuditTask,
  networks: Readonly<Record<Name, readonly Float32Array[]>>,
  checkpoint: RoundWork['checkpoint'],
): Promise<Record<Name, Judgement>> {
  const { classCount, preprocessing, sampleShape } = network;
  const judged: Partial<Record<Name, Judgement>> = {};
  const names = Object.keys(networks) as Name[];
  for (const [step, name] of names.entries()) {
    using f = new NetworkFunction(network, networks[name]);
    const theta = tf.tensor1d(f.flatten(networks[name]));
    const onBatch = () =>
      checkpoint({
        phase: 'preparing',
        step,
        stepLimit: names.length,
        forgetAccuracy: Number.NaN,
      });
    const answers = async ({ values, labels }: LabelledSamples) => {
      const input = toNetworkInput(values.slice(), preprocessing, sampleShape.at(-1) ?? 1);
      const logits = await f.evaluate(theta, input, { onBatch });
      const { loss: scores } = membershipScores(logits, labels, classCount);
      return { accuracy: accuracy(logits, labels, classCount), scores, labels };
    };
    try {
      const [ofForget, ofTest] = [await answers(forget), await answers(test)];
      const ofRetain = await answers(retain);
      judged[name] = {
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
  return judged as Record<Name, Judgement>;
}
