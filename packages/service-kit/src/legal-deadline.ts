import { Regulation } from '@lethe/contracts';

const dayMs = 24 * 60 * 60 * 1000;
const ccpaDays = 45;

/**
 * When a request made at `submitted` must be done, in UTC. GDPR, Art. 12(3): one calendar month
 * (31 January → 28 or 29 February). CCPA, § 7021: 45 days. Anything else: the stricter, GDPR.
 */
export function legalDeadline(regulation: Regulation, submitted: Date): Date {
  if (regulation === Regulation.REGULATION_CCPA) {
    return new Date(submitted.getTime() + ccpaDays * dayMs);
  }
  return addCalendarMonth(submitted);
}

/** Whole days left until `deadline`; negative when overdue (-1 on the first day after it). */
export function daysLeft(deadline: Date, now: Date): number {
  return Math.floor((deadline.getTime() - now.getTime()) / dayMs);
}

function addCalendarMonth(from: Date): Date {
  const result = new Date(from);
  const day = from.getUTCDate();
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + 1);
  const lastDay = new Date(
    Date.UTC(result.getUTCFullYear(), result.getUTCMonth() + 1, 0),
  ).getUTCDate();
  result.setUTCDate(Math.min(day, lastDay));
  return result;
}
