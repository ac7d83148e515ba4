import { type Check, Outcome } from '@lethe/contracts';
import type { Found } from './evidence.ts';

/** Numbers behind a check; what is left out is 0. */
export interface Figures {
  readonly value?: number;
  readonly threshold?: number;
  readonly sampleCount?: number;
}

export function passed(name: string, explanation: string, figures: Figures = {}): Check {
  return check(name, Outcome.OUTCOME_PASS, '', explanation, figures);
}

export function failed(
  name: string,
  reason: string,
  explanation: string,
  figures: Figures = {},
): Check {
  return check(name, Outcome.OUTCOME_FAIL, reason, explanation, figures);
}

/** The gate lacks what it needs to decide; promotion treats it as a fail. */
export function inconclusive(
  name: string,
  reason: string,
  explanation: string,
  figures: Figures = {},
): Check {
  return check(name, Outcome.OUTCOME_INCONCLUSIVE, reason, explanation, figures);
}

/** Evidence that could not be had, as a check that is not passed. */
export function missingCheck(
  name: string,
  found: Extract<Found<unknown>, { kind: 'missing' }>,
): Check {
  return inconclusive(name, found.reason, found.explanation);
}

function check(
  name: string,
  outcome: Outcome,
  reason: string,
  explanation: string,
  { value = 0, threshold = 0, sampleCount = 0 }: Figures,
): Check {
  return { name, outcome, reason, explanation, value, threshold, sampleCount };
}

/** A share for people: 0.9173 → `91.73 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
