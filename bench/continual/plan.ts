import { LetheError } from '@lethe/contracts';

/** Successive rounds of one size. */
export interface Phase {
  readonly rounds: number;
  readonly k: number;
}

/**
 * Images of every round, sizes only: the first phase, then the one that follows it.
 *
 * @throws LetheError `invalid` for text that is not like `200x4`
 */
export function parsePhase(text: string): Phase {
  const [, rounds, k] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (rounds === undefined || k === undefined) {
    throw LetheError.invalid('--then', text, 'is not ROUNDSxK', 'Give 200x4, say.');
  }
  return { rounds: Number(rounds), k: Number(k) };
}

export function roundSizes(phases: readonly Phase[]): number[] {
  return phases.flatMap(({ rounds, k }) => Array.from({ length: rounds }, () => k));
}

/** How much is asked after a round: only the forget sets, a part of the test images, or everything. */
export type Look = 'sets' | 'part' | 'all';

/**
 * Everything after the last round of a phase, a part after the others of the first phase and
 * after every nth of the following one.
 *
 * @param round counted from 0
 */
export function lookAfter(round: number, phases: readonly Phase[], every: number): Look {
  let from = 0;
  for (const [index, { rounds }] of phases.entries()) {
    const inPhase = round - from + 1;
    if (inPhase === rounds) return 'all';
    if (inPhase < rounds) return index === 0 || inPhase % every === 0 ? 'part' : 'sets';
    from += rounds;
  }
  return 'sets';
}
