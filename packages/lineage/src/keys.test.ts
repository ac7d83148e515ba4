import { expect, test } from 'vitest';
import {
  decisionKey,
  manifestKey,
  modelOfKey,
  registrationKey,
  sequenceOfKey,
  servingKey,
  verdictKey,
} from './keys.ts';

test('keys are laid out as docs/architecture.md says', () => {
  expect(registrationKey('m')).toBe('models/m/registration.json');
  expect(servingKey('m')).toBe('models/m/serving.json');
  expect(manifestKey('m', 7)).toBe('models/m/manifests/0000000007.json');
  expect(verdictKey('m', 7)).toBe('models/m/verdicts/0000000007.json');
  expect(decisionKey('m', 4_294_967_295)).toBe('models/m/decisions/4294967295.json');
});

test('the order of keys is the order of the log', () => {
  const sequences = [1, 2, 9, 10, 11, 99, 100, 4_294_967_295];
  const keys = sequences.map((sequence) => manifestKey('m', sequence));
  expect(keys.toSorted()).toEqual(keys);
  expect(keys.map(sequenceOfKey)).toEqual(sequences);
});

test('a key that is no entry has no sequence', () => {
  expect(sequenceOfKey('models/m/manifests/7.json')).toBeUndefined();
  expect(sequenceOfKey('models/m/manifests/.DS_Store')).toBeUndefined();
});

test('a key tells its model', () => {
  expect(modelOfKey('models/a.b-c/serving.json')).toBe('a.b-c');
});

test.each(['', '../other', 'a/b', 'A', 'a b'])('model key %j is refused', (modelKey) => {
  expect(() => manifestKey(modelKey, 1)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
