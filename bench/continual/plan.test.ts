import { describe, expect, it } from 'vitest';
import { lookAfter, parsePhase, roundSizes } from './plan.ts';

describe('the plan of a continual run', () => {
  const phases = [{ rounds: 2, k: 32 }, parsePhase('5x4')];

  it('is the rounds of one phase after those of the other', () => {
    expect(roundSizes(phases)).toEqual([32, 32, 4, 4, 4, 4, 4]);
  });

  it('asks everything at the end of a phase, a part in between, seldom later on', () => {
    expect(Array.from({ length: 7 }, (_, round) => lookAfter(round, phases, 2))).toEqual([
      ...['part', 'all'],
      ...['sets', 'part', 'sets', 'part', 'all'],
    ]);
  });

  it.each(['200', '200x', '0x4', 'x4', '2x4x8', '-1x4'])('refuses the phase %s', (text) => {
    expect(() => parsePhase(text)).toThrow('is not ROUNDSxK');
  });
});
