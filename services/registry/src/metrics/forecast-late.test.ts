import { describe, expect, it } from 'vitest';
import { forecastLate } from './forecast-late.ts';

const hour = 3_600_000;
const deadlines = (count: number, inMs: number) => Array.from({ length: count }, () => inMs);

describe('forecastLate', () => {
  it('counts those whose turn comes after their deadline', () => {
    // Two an hour: the first ten are done in five hours.
    expect(forecastLate(deadlines(16, 5 * hour), { completed: 4, overMs: 2 * hour }, 0)).toBe(6);
  });

  it('serves the nearest deadline first', () => {
    const mixed = [...deadlines(2, hour), ...deadlines(2, 10 * hour)];
    expect(forecastLate(mixed, { completed: 2, overMs: hour }, 0)).toBe(0);
  });

  it('expects all that are overdue to be late', () => {
    expect(forecastLate([-1, hour], { completed: 1_000, overMs: hour }, 0)).toBe(1);
  });

  it('is calm at the start of a queue, and no longer when nothing comes out of it', () => {
    const queue = deadlines(100, 30 * 24 * hour);
    expect(forecastLate(queue, { completed: 0, overMs: 60_000 }, 0)).toBe(0);
    expect(forecastLate(queue, { completed: 0, overMs: 24 * hour }, 0)).toBe(70);
  });

  it('has nothing to say of an empty queue', () => {
    expect(forecastLate([], { completed: 0, overMs: 0 }, 0)).toBe(0);
  });
});
