import { lookLevel } from '@lethe/unlearning/measures';
import type { ForgetEvidence } from '../evidence/evidence.ts';

/** Forget sets that are judged together. */
export interface Pool {
  readonly sets: readonly ForgetEvidence[];
  readonly sampleCount: number;
  /** Earlier rounds among them. */
  readonly pooled: readonly number[];
  /** Share of the error that may be spent on this look. */
  readonly errorShare: number;
}

/** The round's own forget set. */
export function poolOf(own: ForgetEvidence): Pool {
  return { sets: [own], sampleCount: own.labels.length, pooled: [], errorShare: 1 };
}

/**
 * The round's forget set together with the earlier ones of its window; `undefined` where it is
 * alone in it, or fills one by itself. Windows follow each other: one ends with the round that
 * fills it. Each round looks at its window once, and the looks share the error out between them
 * (Lan and DeMets).
 *
 * @param earlier of the same mode, oldest first
 */
export function windowOf(
  own: ForgetEvidence,
  earlier: readonly ForgetEvidence[],
  windowSamples: number,
): Pool | undefined {
  const window = openWindow(earlier, windowSamples);
  const before = countOf(window);
  const now = before + own.labels.length;
  if (before === 0 || own.labels.length >= windowSamples) return undefined;
  return {
    sets: [...window, own],
    sampleCount: now,
    pooled: window.map(({ sequence }) => sequence),
    errorShare: lookLevel({ before, now, planned: windowSamples }, 1),
  };
}

/** What the last window, which is not full yet, holds. */
function openWindow(earlier: readonly ForgetEvidence[], size: number): readonly ForgetEvidence[] {
  let window: ForgetEvidence[] = [];
  for (const set of earlier) {
    window.push(set);
    if (countOf(window) >= size) window = [];
  }
  return window;
}

export function countOf(sets: readonly ForgetEvidence[]): number {
  return sets.reduce((sum, { labels }) => sum + labels.length, 0);
}

/** Consecutive sets joined until each group has `least` samples; the rest goes to the last one. */
export function grouped(
  sets: readonly ForgetEvidence[],
  least: number,
): readonly (readonly ForgetEvidence[])[] {
  const groups: ForgetEvidence[][] = [];
  let open: ForgetEvidence[] = [];
  for (const set of sets) {
    open.push(set);
    if (countOf(open) < least) continue;
    groups.push(open);
    open = [];
  }
  if (groups.length === 0) return open.length === 0 ? [] : [open];
  groups.at(-1)?.push(...open);
  return groups;
}
