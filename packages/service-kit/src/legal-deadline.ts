import { LetheError, Regulation } from '@lethe/contracts';

const dayMs = 24 * 60 * 60 * 1000;

/** A time that a law gives: days or calendar months. */
export interface LegalPeriod {
  readonly count: number;
  readonly unit: 'days' | 'months';
}

/** The clock of one law. */
export interface LegalClock {
  readonly first: LegalPeriod;
  /** May be added once, when the person is told. */
  readonly extension: LegalPeriod;
}

/** How deadlines are counted in an installation. */
export interface LegalClocks {
  /** IANA name; days and months begin there. */
  readonly timeZone: string;
  /** For requests under another law than those that are known. */
  readonly other: LegalClock;
}

/** GDPR, Art. 12(3): one month of receipt, extended by two further months. */
const gdpr: LegalClock = {
  first: { count: 1, unit: 'months' },
  extension: { count: 2, unit: 'months' },
};
/** CCPA, § 7021: 45 calendar days, extended by 45. */
const ccpa: LegalClock = {
  first: { count: 45, unit: 'days' },
  extension: { count: 45, unit: 'days' },
};

export const defaultLegalClocks: LegalClocks = { timeZone: 'UTC', other: gdpr };

/**
 * When a request made at `submitted` must be done: the same time of day, so many days or calendar
 * months later, in the time zone of the clocks (31 January → 28 or 29 February). Laws that count to
 * the end of a day, or to the next working day, give more time than this.
 */
export function legalDeadline(
  regulation: Regulation,
  submitted: Date,
  clocks: LegalClocks = defaultLegalClocks,
): Date {
  return addPeriods(submitted, [clockOf(regulation, clocks).first], clocks.timeZone);
}

/** The deadline with its extension, counted from the submission. */
export function extendedDeadline(
  regulation: Regulation,
  submitted: Date,
  clocks: LegalClocks = defaultLegalClocks,
): Date {
  const { first, extension } = clockOf(regulation, clocks);
  return addPeriods(submitted, [first, extension], clocks.timeZone);
}

/** Whole days left until `deadline`; negative when overdue (-1 on the first day after it). */
export function daysLeft(deadline: Date, now: Date): number {
  return Math.floor((deadline.getTime() - now.getTime()) / dayMs);
}

/** The instant at which a year begins in a time zone. */
export function startOfYear(year: number, timeZone: string): Date {
  return fromLocal(Date.UTC(year, 0, 1), timeZone);
}

/** `1m+2m` or `30d+15d`: a period and its extension. @throws LetheError `invalid` naming `field` */
export function parseLegalClock(text: string, field: string): LegalClock {
  const [first, extension, more] = text.split('+').map(parsePeriod);
  if (first !== undefined && extension !== undefined && more === undefined) {
    return { first, extension };
  }
  const remedy = 'Write it as 1m+2m or 30d+15d: days or months, and the extension (0d: none).';
  throw LetheError.invalid(field, text, 'is no legal clock', remedy);
}

/** @throws LetheError `invalid` naming `field` */
export function parseTimeZone(text: string, field: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    const remedy = 'Use an IANA name like Europe/Berlin.';
    throw LetheError.invalid(field, text, 'is no time zone', remedy);
  }
}

function parsePeriod(text: string): LegalPeriod | undefined {
  const [, count, unit] = /^(\d{1,4})([dm])$/.exec(text) ?? [];
  return count === undefined
    ? undefined
    : { count: Number(count), unit: unit === 'd' ? 'days' : 'months' };
}

function clockOf(regulation: Regulation, { other }: LegalClocks): LegalClock {
  switch (regulation) {
    case Regulation.REGULATION_CCPA:
      return ccpa;
    case Regulation.REGULATION_OTHER:
      return other;
    case Regulation.REGULATION_GDPR:
    case Regulation.REGULATION_UNSPECIFIED:
      return gdpr;
    default:
      return regulation satisfies never;
  }
}

/** Periods are added together, so that a month and two are three: 30 November → 28 February. */
function addPeriods(from: Date, periods: readonly LegalPeriod[], timeZone: string): Date {
  const sum = (unit: LegalPeriod['unit']) =>
    periods.reduce((total, period) => total + (period.unit === unit ? period.count : 0), 0);
  const local = new Date(from.getTime() + offsetMs(from, timeZone));
  const day = local.getUTCDate();
  local.setUTCDate(1);
  local.setUTCMonth(local.getUTCMonth() + sum('months'));
  const lastDay = new Date(
    Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0),
  ).getUTCDate();
  local.setUTCDate(Math.min(day, lastDay) + sum('days'));
  return fromLocal(local.getTime(), timeZone);
}

/**
 * The instant at which clocks in a zone show this time: the first one where they show it twice, the
 * one after the gap where they skip it.
 */
function fromLocal(localMs: number, timeZone: string): Date {
  // Offsets on either side of whatever change is near.
  const [before, after] = [-dayMs, dayMs].map((awayMs) =>
    offsetMs(new Date(localMs + awayMs), timeZone),
  ) as [number, number];
  const shown = [before, after]
    .map((offset) => localMs - offset)
    .filter((ms) => ms + offsetMs(new Date(ms), timeZone) === localMs)
    .sort((a, b) => a - b);
  return new Date(shown[0] ?? localMs - before);
}

/** How much clocks in a zone are ahead of UTC at an instant. */
function offsetMs(instant: Date, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const value = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  );
  return shown - Math.floor(instant.getTime() / 1000) * 1000;
}
