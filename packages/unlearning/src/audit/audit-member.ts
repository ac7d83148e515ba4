import { checkpointOf } from '../checkpoint-of.ts';
import { joinSamples } from '../join-samples.ts';
import type { Accuracies } from '../measures/tug-of-war.ts';
import type { LabelledSamples, Network, RoundHooks } from '../round.ts';
import { NetworkJudge } from './network-judge.ts';
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
 * @param earlier another member of the same audit: what it tells of the served and the original
 *   network, the same for every member, is taken from it
 * @throws LetheError `precondition` where training diverges, `cancelled` once the signal is aborted
 */
export async function auditMember(
  task: AuditTask,
  hooks: AuditHooks = {},
  earlier?: AuditMember,
): Promise<AuditMember> {
  const { network, original, served, forget, retain, seed, epochs, augment } = task;
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
  const checkpoint = checkpointOf(hooksFor('judging'), { training: 0, forward: 0 });
  const stepLimit = earlier === undefined ? 5 : 3;
  const judge = new NetworkJudge(network, task, (step) =>
    checkpoint({ phase: 'preparing', step, stepLimit, forgetAccuracy: Number.NaN }),
  );
  const ofShadow = await judge.judge(shadow);
  const ofRetrained = await judge.judge(retrained);
  const unlearnedConfidences = await judge.confidences(unlearned);
  const ofBoth = earlier ?? (await both());
  return {
    served: ofBoth.served,
    original: ofBoth.original,
    shadow: ofShadow.accuracies,
    retrained: ofRetrained.accuracies,
    membership: {
      served: ofBoth.membership.served,
      original: ofBoth.membership.original,
      shadow: ofShadow.membership,
      retrained: ofRetrained.membership,
    },
    retrainedConfidences: ofRetrained.confidences,
    shadowConfidences: ofShadow.confidences,
    unlearnedConfidences,
  };

  async function both() {
    const ofServed = await judge.judge(served);
    const ofOriginal = await judge.judge(original);
    return {
      served: ofServed.accuracies,
      original: ofOriginal.accuracies,
      membership: { served: ofServed.membership, original: ofOriginal.membership },
    };
  }
}
