import type { Check } from '@lethe/contracts';

/** Checks that answer one question, for people who release models and do not train them. */
export interface CheckGroup {
  readonly title: string;
  /** What is asked, and why. */
  readonly about: string;
  readonly checks: readonly Check[];
}

interface Topic {
  readonly title: string;
  readonly about: string;
  /** Beginnings of the names of its checks. */
  readonly names: readonly string[];
}

const topics: readonly Topic[] = [
  {
    title: 'Is this the model it claims to be?',
    about:
      'The weights are those that the round recorded, they were made from the version that serves, every number is finite, and no sample that judges has steered the round. “Distance” is how far the weights moved, relative to their length.',
    names: ['baseline.', 'weights.', 'evaluation_sets.', 'evaluation'],
  },
  {
    title: 'Has it forgotten?',
    about:
      'The forgotten samples are held beside unseen ones of the same classes. A membership AUC says how often a forgotten sample can be told from an unseen one: 0.500 is a coin toss; above, the model still knows it; below, it stands out by being avoided. “Streisand share” counts forgotten samples that stand out, “residual knowledge” looks at mirrored and shifted copies. “Lost class” counts unseen samples of a class that was to be lost as a whole. Names that end in “window” judge this round together with earlier ones, since a few samples alone decide little.',
    names: [
      'forget_',
      'lost_class.recognised',
      'membership_',
      'streisand_share',
      'residual_knowledge.',
    ],
  },
  {
    title: 'Does it still do its work?',
    about:
      'Accuracy on samples that no model was trained on, overall, for each class and for each slice of the policy, against the version that serves and against the original: small losses of many rounds add up. Unexpected gains are suspicious too. “Churn” is the share of answers that changed, “KL” how far the outputs moved, “calibration” whether stated confidence is deserved.',
    names: ['held_out_', 'class_accuracy.', 'slice_accuracy.', 'churn.', 'kl.', 'calibration.'],
  },
  {
    title: 'Does anything forgotten earlier come back?',
    about:
      'Samples of earlier rounds that are still held, sealed, until their deadline, are shown to the model again. A number behind the name is the earlier round.',
    names: ['reversal', 'lost_class.came_back'],
  },
];

/** Groups in the order of the questions; what belongs to none comes last. Empty groups are left out. */
export function groupChecks(checks: readonly Check[]): readonly CheckGroup[] {
  const belongs = ({ names }: Topic, { name }: Check) =>
    names.some((beginning) => name.startsWith(beginning));
  const grouped = topics.map((topic) => ({
    title: topic.title,
    about: topic.about,
    checks: checks.filter((check) => belongs(topic, check)),
  }));
  const rest = checks.filter((check) => !topics.some((topic) => belongs(topic, check)));
  return [...grouped, { title: 'Other checks', about: '', checks: rest }].filter(
    (group) => group.checks.length > 0,
  );
}
