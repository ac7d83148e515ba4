import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseDataSetArgument } from './data-set-argument.ts';

test('a kind and a path are enough', () => {
  expect(parseDataSetArgument('--train', 'npz:train.npz')).toEqual({
    source: { kind: 'npz', path: resolve('train.npz'), split: '', options: {} },
    ranges: [],
  });
});

test('split, rows and options are read from the query', () => {
  expect(
    parseDataSetArgument('--gate', 'npz:/d/x.npz?split=test&rows=0-10,20-30&x=images'),
  ).toEqual({
    source: { kind: 'npz', path: '/d/x.npz', split: 'test', options: { x: 'images' } },
    ranges: [
      { from: 0, to: 10 },
      { from: 20, to: 30 },
    ],
  });
});

test('the synthetic set needs no path', () => {
  expect(parseDataSetArgument('--train', 'synthetic:?split=train').source.path).toBe('');
});

test.each(['train.npz', ':x', 'npz:', 'npz:x?rows=5-5', 'npz:x?rows=a-b'])(
  'refuses %s, naming the option and the form',
  (text) => {
    expect(() => parseDataSetArgument('--train', text)).toThrow(/--train.*Write/);
  },
);
