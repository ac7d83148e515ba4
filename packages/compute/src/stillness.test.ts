import { describe, expect, it } from 'vitest';
import { Stillness } from './stillness.ts';

/** Looks every half second. @returns when it was first called still, in seconds */
function stillAfter(
  limitSeconds: number,
  cpuAt: (seconds: number) => number,
  isRunnable = false,
): number | undefined {
  const stillness = new Stillness(limitSeconds * 1000);
  for (let s = 0; s < 300; s += 0.5) {
    if (stillness.look({ cpuSeconds: cpuAt(s), isRunnable }, s * 1000)) return s;
  }
  return undefined;
}

describe('Stillness', () => {
  it('notices a process that stopped using the processor', () => {
    expect(stillAfter(60, (s) => Math.min(s, 100))).toBe(160);
  });

  it('is not deceived by one that only wakes up to look around', () => {
    expect(stillAfter(60, (s) => s * 0.0005)).toBe(60);
  });

  it('lets work be slow: a hundredth of a core is work', () => {
    expect(stillAfter(60, (s) => s * 0.01)).toBeUndefined();
  });

  it('is patient with one that waits for a processor', () => {
    expect(stillAfter(60, () => 1, true)).toBeUndefined();
  });

  it('starts anew after progress, and after the machine slept', () => {
    const stillness = new Stillness(1_000);
    const usage = { cpuSeconds: 1, isRunnable: false };
    expect(stillness.look(usage, 10_000)).toBe(false);
    expect(stillness.look(usage, 10_900)).toBe(false);
    stillness.stir();
    expect(stillness.look(usage, 11_000)).toBe(false);
    expect(stillness.look(usage, 99_000)).toBe(false);
    expect(stillness.look(usage, 100_000)).toBe(true);
  });
});
