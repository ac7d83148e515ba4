/** Keys of a policy file, with what each may hold: for the reader, the JSON Schema and the writer. */
export interface PolicyKey {
  /** Name in {@link Policy}. */
  readonly field: string;
  readonly holds: (value: unknown) => boolean;
  readonly description: string;
  readonly remedy: string;
  /** JSON Schema of the value. */
  readonly schema: Readonly<Record<string, unknown>>;
}

function number(
  field: string,
  [least, most]: readonly [number, number],
  means: string,
  remedy: string,
  kind: 'number' | 'integer' = 'number',
): PolicyKey {
  return {
    field,
    holds: (value) =>
      typeof value === 'number' &&
      value >= least &&
      value <= most &&
      (kind === 'number' || Number.isSafeInteger(value)),
    description: `must be ${kind === 'integer' ? 'a whole number' : 'a number'} from ${least} to ${most}`,
    remedy,
    schema: { type: kind, minimum: least, maximum: most, description: means },
  };
}

const most = 2 ** 31 - 1;

/** At the top of the file; `slices` and `modes` are read by rules of their own. */
export const topKeys: Readonly<Record<string, PolicyKey>> = {
  version: {
    field: 'version',
    holds: (value) => value === 2,
    description: 'must be 2, the version that this Lethe understands',
    remedy:
      'Write `version: 2`; in version 1 bounds had names of their own (max_drop_vs_served is now low of held_out_accuracy.vs_served).',
    schema: { const: 2, description: 'Version of the format.' },
  },
  name: {
    field: 'name',
    holds: (value) => typeof value === 'string' && value.length >= 1 && value.length <= 64,
    description: 'must be a text of 1 to 64 characters',
    remedy: 'Name the policy, for example `name: strict`.',
    schema: { type: 'string', minLength: 1, maxLength: 64, description: 'Shown with verdicts.' },
  },
  confidence: number(
    'confidence',
    [0.5, 0.9999],
    'Confidence of every interval, two-sided.',
    'Write 95 % as 0.95.',
  ),
  family_error: number(
    'familyError',
    [0.0001, 0.5],
    'Most that a candidate without fault may be failed by chance, over all its checks (Holm).',
    'Write 5 % as 0.05.',
  ),
  window_samples: number(
    'windowSamples',
    [1, most],
    'Forgotten samples of successive rounds judged together while one round has too few.',
    'For example 256.',
    'integer',
  ),
  min_held_out_per_class: number(
    'minHeldOutPerClass',
    [1, most],
    'Unseen samples that each class of the forget set needs to be compared with.',
    'For example 10.',
    'integer',
  ),
  max_held_out_samples: number(
    'maxHeldOutSamples',
    [1, most],
    'Held-out samples looked at, evenly spaced, when there are more.',
    'For example 20000.',
    'integer',
  ),
  max_earlier_samples: number(
    'maxEarlierSamples',
    [0, most],
    'Earlier forgotten samples looked at for reversal, newest sets first.',
    'For example 1024; 0 looks at none.',
    'integer',
  ),
};

function choice(field: string, values: readonly string[], means: string): PolicyKey {
  return {
    field,
    holds: (value) => values.includes(value as string),
    description: `must be one of ${values.join(', ')}`,
    remedy: means,
    schema: { enum: values, description: means },
  };
}

/** In the map of one metric; `low`, `high` and `interval` depend on the metric. */
export function ruleKeys(metric: {
  readonly range: readonly [number, number];
  readonly interval: string;
}): Readonly<Record<string, PolicyKey>> {
  const bound = (field: string, means: string) =>
    number(field, metric.range, means, 'Shares and differences are written 0.015 for 1.5 %.');
  return {
    low: bound('low', 'The least it may be.'),
    high: bound('high', 'The most it may be.'),
    min_samples: number(
      'minSamples',
      [1, most],
      'Fewer samples than this decide nothing.',
      'A check without samples decides nothing.',
      'integer',
    ),
    when_inconclusive: choice(
      'whenInconclusive',
      ['block', 'block_if_outside', 'record'],
      'block: does not pass; block_if_outside: does not where the estimate is outside of the bounds; record: is written down as undecided.',
    ),
    when_failed: choice(
      'whenFailed',
      ['block', 'record'],
      'record: shown, but never a reason against promotion.',
    ),
    interval: choice(
      'interval',
      [metric.interval],
      `The interval of this metric is ${metric.interval}; the key may be left out.`,
    ),
  };
}
