import { expect, test } from 'vitest';
import { evenly, evenlyOfClasses } from './evenly.ts';

const rows = Uint32Array.from({ length: 80 }, (_, i) => 100 + i);

test('rows are evenly spaced, all of them where they are few', () => {
  expect([...evenly(rows, 4)]).toEqual([100, 120, 140, 160]);
  expect(evenly(rows, 100)).toBe(rows);
});

test('every wanted class has its share, however its rows lie', () => {
  // Classes in turn: every other row would show the even ones alone.
  const labels = Int32Array.from(rows, (row) => row % 8);
  const chosen = evenlyOfClasses(rows, labels, 40, new Set([1, 2, 9]));
  const of = (label: number) => [...chosen].filter((row) => row % 8 === label);
  expect(chosen).toHaveLength(20);
  expect([of(1).length, of(2).length]).toEqual([10, 10]);
  expect([...chosen]).toEqual([...chosen].sort((a, b) => a - b));
  const few = evenlyOfClasses(rows, labels, 4, new Set([1, 2]));
  expect([...few].map((row) => row % 8).sort()).toEqual([1, 1, 2, 2]);
  expect(evenlyOfClasses(rows, labels, 4, new Set([9]))).toHaveLength(0);
});

test('no row is left out where all may be taken', () => {
  const labels = Int32Array.from(rows, (row) => (row === 100 ? 1 : 0));
  expect(evenlyOfClasses(rows, labels, rows.length, new Set(labels))).toEqual(rows);
  expect(evenlyOfClasses(rows, labels, 500, new Set([1]))).toEqual(Uint32Array.of(100));
});
