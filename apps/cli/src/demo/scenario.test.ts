import { expect, test } from 'vitest';
import { planScenario } from './scenario.ts';

const subjects = Array.from({ length: 200 }, (_, i) => `subject-${i}`);
const counter = () => {
  let next = 0;
  return () => String(next++);
};

test('every request is sent once, over six waves, the stranger last', () => {
  const scenario = planScenario(subjects, 36, counter());
  const all = [...scenario.careless, ...scenario.waves.flat()];
  expect(all).toHaveLength(36);
  expect(new Set(all.map((request) => request.requestId)).size).toBe(36);
  expect(scenario.waves).toHaveLength(5);
  expect(scenario.waves.every((wave) => wave.length > 0)).toBe(true);
  expect(all.at(-1)?.subject).toBe('subject-nobody-knows');
});

test.each([2, 3, 7])('%i requests are enough, and all of them are sent', (count) => {
  const scenario = planScenario(subjects, count, counter());
  const all = [...scenario.careless, ...scenario.waves.flat()];
  expect(all).toHaveLength(count);
  expect(scenario.careless.length).toBeGreaterThan(0);
  expect(scenario.waves.every((wave) => wave.length > 0)).toBe(true);
  expect(all.at(-1)?.subject).toBe('subject-nobody-knows');
});
