import { describe, expect, it } from 'vitest';
import { Pace } from './progress-bar.ts';

describe('the forecast of a progress bar', () => {
  it('tells how long the rest of long work takes', () => {
    const pace = new Pace();
    expect(pace.left(0, 100, 0)).toBe('');
    expect(pace.left(10, 100, 60_000)).toBe(', 9 min left');
    expect(pace.left(99, 100, 594_000)).toBe(', 6 s left');
    expect(pace.left(100, 100, 600_000)).toBe('');
  });

  it('is silent about short work, and where nothing is known', () => {
    const pace = new Pace();
    expect(pace.left(0, 0, 0)).toBe('');
    expect(pace.left(1, 100, 50)).toBe('');
  });

  it('begins anew when the work does', () => {
    const pace = new Pace();
    pace.left(0, 10, 0);
    pace.left(9, 10, 900_000);
    expect(pace.left(0, 10, 900_000)).toBe('');
    expect(pace.left(1, 10, 1_800_000)).toBe(', 2.3 h left');
  });
});
