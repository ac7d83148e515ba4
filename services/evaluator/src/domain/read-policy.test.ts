import { LetheError } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { defaultPolicy, policyDigest } from './policy.ts';
import { readPolicy, writePolicy } from './read-policy.ts';

function refusal(yaml: string): LetheError {
  try {
    readPolicy(yaml);
  } catch (error) {
    if (error instanceof LetheError) return error;
    throw error;
  }
  throw new Error('the policy was accepted');
}

test('an empty policy is the default one', () => {
  expect(readPolicy('')).toEqual(defaultPolicy);
  expect(readPolicy('# only a comment\n')).toEqual(defaultPolicy);
  expect(readPolicy('modes:\n  untrain:\n')).toEqual(defaultPolicy);
});

test('what a policy says replaces the default, the rest stays', () => {
  const policy = readPolicy(
    'name: strict\nmodes:\n  misclassify:\n    forget_accuracy: { max_recognised: 0 }\n',
  );
  expect(policy.name).toBe('strict');
  expect(policy.modes.misclassify.forgetAccuracy).toEqual({ maxRecognised: 0, minSamples: 1 });
  expect(policy.modes.untrain).toEqual(defaultPolicy.modes.untrain);
});

test('a policy survives being written and read', () => {
  const strict = readPolicy(
    'name: "strict: 1"\nmodes: { relabel: { class_accuracy: { max_gain: 0.5 } } }',
  );
  expect(readPolicy(writePolicy(strict))).toEqual(strict);
});

test('the digest follows the meaning, not the spelling', () => {
  const one = readPolicy('name: a\nmodes: { untrain: { forget_accuracy: { tolerance: 0.05 } } }');
  const two = readPolicy(
    '# same\nmodes:\n  untrain:\n    forget_accuracy:\n      tolerance: 5e-2\nname: a',
  );
  expect(policyDigest(one)).toBe(policyDigest(two));
  expect(policyDigest(one)).not.toBe(policyDigest(defaultPolicy));
});

test('every fault is named with its line', () => {
  const { code, violations } = refusal(
    [
      'version: 2',
      'modes:',
      '  untrain:',
      '    held_out_accuracy:',
      '      max_drop_vs_served: 1.5',
      '      max_drop: 0.1',
      '      min_samples: 2.5',
      '  forget: {}',
    ].join('\n'),
  );
  expect(code).toBe('invalid');
  expect(violations.map((violation) => violation.field)).toEqual([
    'version (line 1)',
    'modes.untrain.held_out_accuracy.max_drop_vs_served (line 5)',
    'modes.untrain.held_out_accuracy.max_drop (line 6)',
    'modes.untrain.held_out_accuracy.min_samples (line 7)',
    'modes.forget (line 8)',
  ]);
  expect(violations[2]?.remedy).toContain('max_drop_vs_served');
});

test.each([
  ['a list instead of a map', '- 1\n- 2', 'policy (line 1)'],
  ['a key twice', 'name: a\nname: b', 'policy (line 2)'],
  [
    'a value that is no number',
    'modes: { untrain: { forget_accuracy: { tolerance: .nan } } }',
    'modes.untrain.forget_accuracy.tolerance (line 1)',
  ],
  [
    'a key spelt as in the code',
    'modes: { untrain: { heldOutAccuracy: { max_gain: 1 } } }',
    'modes.untrain.heldOutAccuracy (line 1)',
  ],
  ['a reference that leads nowhere', 'name: *nobody', 'name (line 1)'],
  [
    'a map where a number belongs',
    'modes:\n  untrain:\n    forget_accuracy:\n      tolerance: {}',
    'modes.untrain.forget_accuracy.tolerance (line 4)',
  ],
  ['a key of every object', 'constructor: 1', 'constructor (line 1)'],
])('%s is refused', (_, yaml, field) => {
  expect(refusal(yaml).violations.map((violation) => violation.field)).toContain(field);
});
