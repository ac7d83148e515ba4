import { expect, test } from 'vitest';
import { parseEmitter, parseModelKey, parseRequestId } from './ids.ts';

test.each(['a', 'cifar10-resnet20', 'a.b_c-1', 'x'.repeat(64)])('%s is a model key', (key) => {
  expect(parseModelKey(key)).toBe(key);
});

test.each(['', 'A', '-a', 'a-', '../x', 'a/b', 'x'.repeat(65), 'a b', 'ä'])(
  '"%s" is no model key, and the error names field and remedy',
  (key) => {
    expect(() => parseModelKey(key, 'model')).toThrow(/^model = .*: must be 1 to 64/);
  },
);

test('emitters follow the same rule', () => {
  expect(parseEmitter('shop-1')).toBe('shop-1');
  expect(() => parseEmitter('Ann Smith')).toThrow(/emitter/);
});

test('request ids are UUIDs of any case, given in lower case', () => {
  expect(parseRequestId('0B4FF9AC-9A2C-4D6F-8E0A-3A7D7E0A5B11')).toBe(
    '0b4ff9ac-9a2c-4d6f-8e0a-3a7d7e0a5b11',
  );
  expect(() => parseRequestId('0b4ff9ac9a2c4d6f8e0a3a7d7e0a5b11')).toThrow(/must be a UUID/);
});
