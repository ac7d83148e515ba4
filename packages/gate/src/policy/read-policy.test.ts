import { readFileSync } from 'node:fs';
import { LetheError, modeNames } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultPolicy } from './default-policy.ts';
import { diffPolicies, explainMode, explainPolicy } from './explain-policy.ts';
import { metricNames, metricOf, metricsOf } from './metrics.ts';
import { policyDigest } from './policy.ts';
import { policySchema } from './policy-schema.ts';
import { readPolicy } from './read-policy.ts';
import { writePolicy } from './write-policy.ts';

function refusal(yaml: string): LetheError {
  try {
    readPolicy(yaml);
  } catch (error) {
    if (error instanceof LetheError) return error;
    throw error;
  }
  throw new Error('the policy was accepted');
}

const untrain = (rules: string) => `modes: { untrain: { ${rules} } }`;

test('an empty policy is the default one', () => {
  expect(readPolicy('')).toEqual(defaultPolicy);
  expect(readPolicy('# only a comment\n')).toEqual(defaultPolicy);
  expect(readPolicy('modes:\n  untrain:\n')).toEqual(defaultPolicy);
});

test('what a policy says replaces the default, the rest stays', () => {
  const policy = readPolicy(
    'name: strict\nmodes:\n  misclassify:\n    forget_accuracy.recognised: { high: 0 }\n',
  );
  expect(policy.name).toBe('strict');
  expect(policy.modes.misclassify['forget_accuracy.recognised']).toEqual({
    ...defaultPolicy.modes.misclassify['forget_accuracy.recognised'],
    high: 0,
  });
  expect(policy.modes.untrain).toEqual(defaultPolicy.modes.untrain);
});

test('a metric can be switched off, and on again', () => {
  const off = readPolicy(untrain('streisand_share: off'));
  expect(off.modes.untrain.streisand_share).toBeUndefined();
  expect(readPolicy(writePolicy(off))).toEqual(off);
});

test('a policy survives being written and read', () => {
  const strict = readPolicy(
    'name: "strict: 1"\nslices: { night: { set: gate, rows: [[0, 10]] } }\nmodes: { relabel: { class_accuracy.vs_served: { high: 0.5 } } }',
  );
  expect(readPolicy(writePolicy(strict))).toEqual(strict);
  expect(readPolicy(writePolicy(defaultPolicy))).toEqual(defaultPolicy);
});

test('the digest follows the meaning, not the spelling', () => {
  const one = readPolicy(`name: a\n${untrain('streisand_share: { high: 0.05 }')}`);
  const two = readPolicy(
    '# same\nmodes:\n  untrain:\n    streisand_share:\n      high: 5e-2\nname: a',
  );
  expect(policyDigest(one)).toBe(policyDigest(two));
  expect(policyDigest(one)).not.toBe(policyDigest(defaultPolicy));
});

test('every fault is named with its line', () => {
  const { code, violations } = refusal(
    [
      'version: 1',
      'confidance: 0.9',
      'modes:',
      '  untrain:',
      '    held_out_accuracy.vs_served:',
      '      low: -1.5',
      '      min_samples: 2.5',
      '      when_inconclusive: shrug',
      '    held_out_acuracy: {}',
      '    forget_accuracy.recognised: {}',
      '  forget: {}',
    ].join('\n'),
  );
  expect(code).toBe('invalid');
  expect(violations.map(({ field, description }) => `${field}: ${description}`)).toEqual([
    'version (line 1): must be 2, the version that this Lethe understands',
    'confidance (line 2): is not a key of a policy',
    'modes.untrain.held_out_accuracy.vs_served.low (line 6): must be a number from -1 to 1',
    'modes.untrain.held_out_accuracy.vs_served.min_samples (line 7): must be a whole number from 1 to 2147483647',
    'modes.untrain.held_out_accuracy.vs_served.when_inconclusive (line 8): must be one of block, block_if_outside, record',
    'modes.untrain.held_out_acuracy (line 9): is not a metric',
    'modes.untrain.forget_accuracy.recognised (line 10): is not a metric of untrain',
    'modes.forget (line 11): is not a mode',
  ]);
});

test.each([
  ['a list instead of a map', '- 1\n- 2', 'policy (line 1)'],
  ['a key twice', 'name: a\nname: b', 'policy (line 2)'],
  ['a value that is no number', 'confidence: .nan', 'confidence (line 1)'],
  ['certainty', 'confidence: 1', 'confidence (line 1)'],
  [
    'a key spelt as in the code',
    untrain('streisand_share: { minSamples: 1 }'),
    'modes.untrain.streisand_share.minSamples (line 1)',
  ],
  ['a reference that leads nowhere', 'name: *nobody', 'name (line 1)'],
  [
    'a rule that contradicts itself',
    untrain('membership_auc.loss: { low: 0.7 }'),
    'modes.untrain.membership_auc.loss (line 1)',
  ],
  [
    'another interval than the metric has',
    untrain('membership_auc.loss: { interval: wilson }'),
    'modes.untrain.membership_auc.loss.interval (line 1)',
  ],
  [
    'a map where a number belongs',
    'modes:\n  untrain:\n    streisand_share:\n      high: {}',
    'modes.untrain.streisand_share.high (line 4)',
  ],
  ['a key of every object', 'constructor: 1', 'constructor (line 1)'],
  ['a slice of nothing', 'slices: { night: {} }', 'slices.night (line 1)'],
  ['rows of no set', 'slices: { night: { rows: [[0, 5]] } }', 'slices.night (line 1)'],
  [
    'rows backwards',
    'slices: { night: { set: gate, rows: [[5, 0]] } }',
    'slices.night.rows (line 1)',
  ],
])('%s is refused', (_, yaml, field) => {
  expect(refusal(yaml).violations.map((violation) => violation.field)).toContain(field);
});

describe('the default policy', () => {
  test('asks something of every metric, in each of its modes', () => {
    for (const mode of modeNames) {
      expect(Object.keys(defaultPolicy.modes[mode]).sort()).toEqual([...metricsOf(mode)].sort());
    }
  });

  test('lets the perfect candidate pass: every target lies within its bounds', () => {
    for (const mode of modeNames) {
      for (const metric of metricsOf(mode)) {
        const rule = defaultPolicy.modes[mode][metric];
        const { target } = metricOf(metric);
        expect(target, metric).toBeGreaterThanOrEqual(rule?.low ?? Number.NaN);
        expect(target, metric).toBeLessThanOrEqual(rule?.high ?? Number.NaN);
      }
    }
  });
});

test('explains every check in one sentence', () => {
  const lines = explainMode(readPolicy(untrain('streisand_share: off')), 'untrain');
  expect(lines.length).toBe(metricsOf('untrain').length);
  expect(lines).toContain('streisand_share: not looked at.');
  expect(lines[0]).toBe(
    'held_out_accuracy.vs_served: accuracy on held-out samples, less that of the served model: −3.00 points to +3.00 points (95 % interval by tango, at least 100 samples; undecided blocks).',
  );
  expect(explainPolicy(defaultPolicy).length).toBeGreaterThan(3);
});

test('tells what two policies ask differently', () => {
  expect(diffPolicies(defaultPolicy, readPolicy('# nothing'))).toEqual([]);
  const other = readPolicy(
    `confidence: 0.9\nslices: { night: { classes: [1] } }\n${untrain('streisand_share: { high: 0.2 }, reversal.level: off')}`,
  );
  expect(diffPolicies(defaultPolicy, other)).toEqual([
    'confidence: 0.95 → 0.9',
    'slices.night: off → {"classes":[1]}',
    'untrain.streisand_share.high: 0.1 → 0.2',
    expect.stringMatching(/^untrain\.reversal\.level: .* → off$/),
  ]);
});

test('the published JSON Schema is the one of this table', () => {
  const published = new URL('../../../../docs/gate-policy.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(policySchema())),
  );
  const schema = policySchema() as { properties: Record<string, { properties: object }> };
  const written = parse(writePolicy(defaultPolicy)) as Record<string, object>;
  expect(Object.keys(written).sort()).toEqual(Object.keys(schema.properties).sort());
  expect(Object.keys(schema.properties['modes']?.properties ?? {})).toEqual([...modeNames]);
  expect(metricNames.length).toBeGreaterThan(20);
});
