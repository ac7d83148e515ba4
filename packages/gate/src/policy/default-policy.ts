import type { MetricName } from './metrics.ts';
import type { Effect, Policy, Rule, Rules } from './policy.ts';

function rule(
  low: number,
  high: number,
  minSamples: number,
  whenInconclusive: Effect,
  whenFailed: Rule['whenFailed'] = 'block',
): Rule {
  return { low, high, minSamples, whenInconclusive, whenFailed };
}

/** What is asked of the network as a whole, whatever was forgotten; looser where labels are changed. */
function retained(slack: number): Rules {
  return {
    'held_out_accuracy.vs_served': rule(-0.03 * slack, 0.03, 100, 'block'),
    'held_out_accuracy.vs_original': rule(-0.05 * slack, 0.04, 100, 'block'),
    'class_accuracy.vs_served': rule(-0.1 * slack, 0.2, 10, 'block_if_outside'),
    'class_accuracy.vs_original': rule(-0.15 * slack, 0.2, 10, 'block_if_outside'),
    'slice_accuracy.vs_served': rule(-0.05 * slack, 0.1, 30, 'block_if_outside'),
    'slice_accuracy.vs_original': rule(-0.08 * slack, 0.15, 30, 'block_if_outside'),
    'churn.vs_served': rule(0, 0.25, 100, 'block_if_outside'),
    'churn.vs_original': rule(0, 0.35, 100, 'block_if_outside'),
    'kl.vs_served': rule(0, 1.2, 100, 'block_if_outside'),
    'kl.vs_original': rule(0, 1.5, 100, 'block_if_outside'),
    'calibration.vs_served': rule(-0.15, 0.05 * slack, 100, 'block_if_outside'),
    'calibration.vs_original': rule(-0.3, 0.1 * slack, 100, 'block_if_outside'),
    'weights.distance.vs_served': rule(0, 2, 1, 'block'),
    'weights.distance.vs_original': rule(0, 2, 1, 'block'),
    'lost_class.came_back': rule(-1, 0.1, 1, 'record'),
    'weights.changed': rule(1e-9, 1, 1, 'block'),
  };
}

/** Of unseen samples of a class that is to be lost as a whole few may still be recognised. */
const classLost: Rules = { 'lost_class.recognised': rule(0, 0.15, 1, 'block_if_outside') };

const membership = rule(0.4, 0.6, 16, 'record');

/** Forgotten samples should stand where unseen ones do; few samples cannot show it, so they are pooled. */
const asUnseen: Rules = {
  'forget_accuracy.vs_unseen': rule(-0.1, 0.05, 16, 'record'),
  'membership_auc.loss': membership,
  'membership_auc.confidence': membership,
  'membership_auc.entropy': membership,
  'membership_auc.modified_entropy': membership,
  'membership_auc.margin': membership,
  'membership_left.vs_original': rule(-1, 0, 16, 'record'),
  streisand_share: rule(0, 0.1, 16, 'record'),
  'residual_knowledge.mirrored': rule(0.35, 0.65, 16, 'record'),
  'residual_knowledge.shifted': rule(0.35, 0.65, 16, 'record'),
  'reversal.rise': rule(-0.25, 0.06, 8, 'record'),
  'reversal.left': rule(-1, 0, 8, 'record'),
  'reversal.level': rule(0.4, 0.6, 16, 'record'),
};

/** The bounds that hold where a policy says nothing. Why they are what they are: decision 0061. */
export const defaultPolicy: Policy = {
  version: 2,
  name: 'default',
  confidence: 0.95,
  familyError: 0.05,
  windowSamples: 256,
  minHeldOutPerClass: 10,
  maxHeldOutSamples: 20_000,
  maxEarlierSamples: 1024,
  slices: {},
  modes: {
    untrain: { ...retained(1), ...asUnseen },
    misclassify: {
      ...retained(2),
      'forget_accuracy.recognised': rule(0, 0.05, 1, 'block_if_outside'),
      ...classLost,
      'reversal.recognised': rule(0, 0.15, 8, 'record'),
    },
    relabel: {
      ...retained(2),
      ...classLost,
      'forget_accuracy.given_target': rule(0.95, 1, 1, 'block_if_outside'),
      'reversal.given_target': rule(0.85, 1, 8, 'record'),
    },
  },
};

/** The rule of a metric that a policy switches on without saying how. */
export function standardRule(metric: MetricName): Rule | undefined {
  for (const rules of Object.values(defaultPolicy.modes)) {
    const found = rules[metric];
    if (found !== undefined) return found;
  }
  return undefined;
}
