/**
 * Every metric that a policy may bound: what it is, what it may be, how its interval is had, and
 * what it is called when it lies outside. The reader, the JSON Schema, `lethe policy explain` and
 * the checks all follow this table.
 */
import { type ModeName, modeNames } from '@lethe/contracts';

export type IntervalMethod =
  | 'tango'
  | 'newcombe'
  | 'clopper_pearson'
  | 'wilson'
  | 'delong'
  | 'normal'
  | 'bootstrap'
  | 'none';

export interface Metric {
  /** What it says, for people; completes "… must lie between". */
  readonly title: string;
  readonly unit: 'share' | 'difference' | 'auc' | 'nats' | 'ratio';
  /** Values that it can have at all; a bound beyond them is impossible. */
  readonly range: readonly [number, number];
  /** Where a perfect candidate stands. */
  readonly target: number;
  readonly interval: IntervalMethod;
  readonly modes: readonly ModeName[];
  /** Whole-set metrics have one check; others one for each class, slice or earlier forget set. */
  readonly per: 'candidate' | 'class' | 'slice' | 'earlier set';
  /** Machine-readable reason when it lies below or above the bounds. */
  readonly reasons: { readonly low: string; readonly high: string };
}

const untrain = ['untrain'] as const;
const gain = { low: 'below_threshold', high: 'suspicious_gain' };
const far = { low: 'impossible', high: 'too_far' };

const accuracyChange = (title: string, per: Metric['per']): Metric => ({
  title,
  unit: 'difference',
  range: [-1, 1],
  target: 0,
  interval: 'tango',
  modes: modeNames,
  per,
  reasons: gain,
});

const calibrationChange = (title: string): Metric => ({
  title,
  unit: 'difference',
  range: [-1, 1],
  target: 0,
  interval: 'bootstrap',
  modes: modeNames,
  per: 'candidate',
  reasons: { low: 'suspicious_gain', high: 'miscalibrated' },
});

const auc = (title: string, reasons: Metric['reasons']): Metric => ({
  title,
  unit: 'auc',
  range: [0, 1],
  target: 0.5,
  interval: 'delong',
  modes: untrain,
  per: 'candidate',
  reasons,
});

const share = (title: string, target: number, rest: Partial<Metric>): Metric => ({
  title,
  unit: 'share',
  range: [0, 1],
  target,
  interval: 'clopper_pearson',
  modes: modeNames,
  per: 'candidate',
  reasons: far,
  ...rest,
});

const distance = (title: string, unit: 'nats' | 'ratio', interval: IntervalMethod): Metric => ({
  title,
  unit,
  range: [0, 1e6],
  target: 0,
  interval,
  modes: modeNames,
  per: 'candidate',
  reasons: far,
});

const member = { low: 'stands_out', high: 'still_a_member' };

export const metrics = {
  'held_out_accuracy.vs_served': accuracyChange(
    'accuracy on held-out samples, less that of the served model',
    'candidate',
  ),
  'held_out_accuracy.vs_original': accuracyChange(
    'accuracy on held-out samples, less that of the original model',
    'candidate',
  ),
  'class_accuracy.vs_served': accuracyChange(
    'accuracy on each class, less that of the served model',
    'class',
  ),
  'class_accuracy.vs_original': accuracyChange(
    'accuracy on each class, less that of the original model',
    'class',
  ),
  'slice_accuracy.vs_served': accuracyChange(
    'accuracy on each named slice, less that of the served model',
    'slice',
  ),
  'slice_accuracy.vs_original': accuracyChange(
    'accuracy on each named slice, less that of the original model',
    'slice',
  ),
  'churn.vs_served': share('share of held-out predictions other than the served model’s', 0, {
    interval: 'wilson',
  }),
  'churn.vs_original': share('share of held-out predictions other than the original model’s', 0, {
    interval: 'wilson',
  }),
  'kl.vs_served': distance('mean KL of held-out outputs from the served model’s', 'nats', 'normal'),
  'kl.vs_original': distance(
    'mean KL of held-out outputs from the original model’s',
    'nats',
    'normal',
  ),
  'calibration.vs_served': calibrationChange(
    'expected calibration error on held-out samples, less that of the served model',
  ),
  'calibration.vs_original': calibrationChange(
    'expected calibration error on held-out samples, less that of the original model',
  ),
  'forget_accuracy.vs_unseen': {
    title: 'accuracy on the forgotten samples, less that on unseen ones of the same classes',
    unit: 'difference',
    range: [-1, 1],
    target: 0,
    interval: 'newcombe',
    modes: untrain,
    per: 'candidate',
    reasons: { low: 'over_forgotten', high: 'still_remembered' },
  },
  'forget_accuracy.recognised': share('share of the forgotten samples still given their label', 0, {
    modes: ['misclassify'],
    reasons: { low: 'impossible', high: 'still_recognised' },
  }),
  'forget_accuracy.given_target': share(
    'share of the corrected samples given the stated label',
    1,
    { modes: ['relabel'], reasons: { low: 'target_not_given', high: 'impossible' } },
  ),
  'membership_auc.loss': auc('membership AUC of the loss', member),
  'membership_auc.confidence': auc('membership AUC of the confidence', member),
  'membership_auc.entropy': auc('membership AUC of the entropy', member),
  'membership_auc.modified_entropy': auc('membership AUC of the modified entropy', member),
  'membership_auc.margin': auc('membership AUC of the margin', member),
  'membership_left.vs_original': {
    title: 'membership signal of the loss, less half of what the original model gave away',
    unit: 'difference',
    range: [-1, 1],
    target: -0.1,
    interval: 'normal',
    modes: untrain,
    per: 'candidate',
    reasons: { low: 'stands_out', high: 'membership_left' },
  },
  streisand_share: share('share of forgotten samples with a loss above the held-out p99', 0.01, {
    modes: untrain,
    reasons: { low: 'impossible', high: 'stands_out' },
  }),
  'residual_knowledge.mirrored': auc(
    'membership AUC of the loss on mirrored copies (images only)',
    { low: 'stands_out', high: 'copies_still_known' },
  ),
  'residual_knowledge.shifted': auc('membership AUC of the loss on shifted copies (images only)', {
    low: 'stands_out',
    high: 'copies_still_known',
  }),
  'reversal.rise': {
    title: 'how far each earlier forget set rose among unseen samples since the served model',
    unit: 'difference',
    range: [-1, 1],
    target: 0,
    interval: 'normal',
    modes: untrain,
    per: 'earlier set',
    reasons: { low: 'pushed_further', high: 'came_back' },
  },
  'reversal.left': {
    title:
      'membership signal of each earlier forget set, less half of what the original model gave away',
    unit: 'difference',
    range: [-1, 1],
    target: -0.1,
    interval: 'normal',
    modes: untrain,
    per: 'earlier set',
    reasons: { low: 'stands_out', high: 'came_back' },
  },
  'reversal.level': auc('membership AUC of the loss over all earlier forget sets still held', {
    low: 'stands_out',
    high: 'came_back',
  }),
  'reversal.recognised': share('share of each earlier forget set given its label again', 0, {
    modes: ['misclassify'],
    per: 'earlier set',
    reasons: { low: 'impossible', high: 'came_back' },
  }),
  'reversal.given_target': share('share of each earlier corrected set given its stated label', 1, {
    modes: ['relabel'],
    per: 'earlier set',
    reasons: { low: 'came_back', high: 'impossible' },
  }),
  'lost_class.recognised': share(
    'share of held-out samples still given their label, of each class that this round takes away whole',
    0,
    {
      modes: ['misclassify', 'relabel'],
      per: 'class',
      reasons: { low: 'impossible', high: 'still_recognised' },
    },
  ),
  'lost_class.came_back': {
    ...accuracyChange(
      'share of held-out samples given their label, of each class that an earlier round took away whole, less that of the served model',
      'class',
    ),
    reasons: { low: 'impossible', high: 'came_back' },
  },
  'weights.distance.vs_served': distance(
    'distance of the weights from the served ones, relative to their length',
    'ratio',
    'none',
  ),
  'weights.distance.vs_original': distance(
    'distance of the weights from the original ones, relative to their length',
    'ratio',
    'none',
  ),
  'weights.changed': share('share of the weights that differ from the served ones', 1, {
    interval: 'none',
    reasons: { low: 'nothing_changed', high: 'impossible' },
  }),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

export const metricNames = Object.keys(metrics) as readonly MetricName[];

/** The entry of the table, with its general type. */
export function metricOf(name: MetricName): Metric {
  return metrics[name];
}

export function metricsOf(mode: ModeName): readonly MetricName[] {
  return metricNames.filter((name) => metricOf(name).modes.includes(mode));
}
