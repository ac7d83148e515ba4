import { Regulation } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import {
  daysLeft,
  defaultLegalClocks,
  extendedDeadline,
  legalDeadline,
  parseLegalClock,
  parseTimeZone,
  startOfYear,
} from './legal-deadline.ts';

const { REGULATION_GDPR, REGULATION_CCPA, REGULATION_OTHER } = Regulation;

describe('legalDeadline', () => {
  it.each([
    ['2026-01-15T10:00:00.123Z', '2026-02-15T10:00:00.123Z'],
    ['2026-01-31T23:59:59Z', '2026-02-28T23:59:59Z'],
    ['2028-01-31T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['2026-02-28T00:00:00Z', '2026-03-28T00:00:00Z'],
    ['2026-03-31T00:00:00Z', '2026-04-30T00:00:00Z'],
    ['2026-12-31T12:00:00Z', '2027-01-31T12:00:00Z'],
  ])('gives GDPR one calendar month: %s → %s', (submitted, deadline) => {
    expect(legalDeadline(REGULATION_GDPR, new Date(submitted))).toEqual(new Date(deadline));
  });

  it('gives CCPA 45 days, over the change of clocks too', () => {
    expect(legalDeadline(REGULATION_CCPA, new Date('2026-03-01T12:00:00Z'))).toEqual(
      new Date('2026-04-15T12:00:00Z'),
    );
  });

  it('takes the stricter one for other laws', () => {
    const submitted = new Date('2026-05-05T00:00:00Z');
    expect(legalDeadline(REGULATION_OTHER, submitted)).toEqual(
      legalDeadline(REGULATION_GDPR, submitted),
    );
  });
});

describe('legal clocks', () => {
  const berlin = { ...defaultLegalClocks, timeZone: 'Europe/Berlin' };

  it.each([
    // 1 February 00:30 in Berlin: the month ends on 1 March there.
    ['2026-01-31T23:30:00Z', '2026-02-28T23:30:00Z'],
    // 31 January 23:30 in Berlin.
    ['2026-01-31T22:30:00Z', '2026-02-28T22:30:00Z'],
    // Over the change to summer time: the same time of day, an hour earlier in UTC.
    ['2026-03-15T12:00:00Z', '2026-04-15T11:00:00Z'],
    // The day before clocks go forward, at an hour that the next day lacks.
    ['2026-02-28T01:30:00Z', '2026-03-28T01:30:00Z'],
  ])('count calendar months in their time zone: %s → %s', (submitted, deadline) => {
    expect(legalDeadline(REGULATION_GDPR, new Date(submitted), berlin)).toEqual(new Date(deadline));
  });

  it.each([
    // 45 days on, clocks go from 02:00 to 03:00: 02:30 there is the instant of 03:30.
    ['Europe/Berlin', '2026-02-12T01:30:00Z', '2026-03-29T01:30:00Z'],
    ['America/Los_Angeles', '2026-01-22T10:30:00Z', '2026-03-08T10:30:00Z'],
    // Clocks show 02:30 (01:30) twice that day: the first one.
    ['Europe/Berlin', '2026-09-10T00:30:00Z', '2026-10-25T00:30:00Z'],
    ['America/Los_Angeles', '2026-09-17T08:30:00Z', '2026-11-01T08:30:00Z'],
    // By half an hour: 01:45 comes twice, 02:15 once, after it.
    ['Australia/Lord_Howe', '2026-02-18T14:45:00Z', '2026-04-04T14:45:00Z'],
    ['Australia/Lord_Howe', '2026-02-18T15:15:00Z', '2026-04-04T15:45:00Z'],
    // A zone without change, half an hour off.
    ['Asia/Kolkata', '2026-02-01T18:30:00Z', '2026-03-18T18:30:00Z'],
  ])(
    'count to hours that clocks skip or show twice, in %s: %s → %s',
    (timeZone, submitted, due) => {
      const clocks = { ...defaultLegalClocks, timeZone };
      expect(legalDeadline(REGULATION_CCPA, new Date(submitted), clocks)).toEqual(new Date(due));
    },
  );

  it('extend over a leap day and a change of clocks at once', () => {
    // 30 November 2027 at 23:30 in Berlin and three months: 29 February 2028, still winter time.
    const winter = new Date('2027-11-30T22:30:00Z');
    expect(extendedDeadline(REGULATION_GDPR, winter, berlin)).toEqual(
      new Date('2028-02-29T22:30:00Z'),
    );
    // 31 January 2028, three months: 30 April, an hour earlier in UTC.
    const spring = new Date('2028-01-31T12:00:00Z');
    expect(extendedDeadline(REGULATION_GDPR, spring, berlin)).toEqual(
      new Date('2028-04-30T11:00:00Z'),
    );
    expect(legalDeadline(REGULATION_GDPR, spring, berlin)).toEqual(
      new Date('2028-02-29T12:00:00Z'),
    );
  });

  it('extend GDPR to three months and CCPA to 90 days from the submission', () => {
    const submitted = new Date('2026-11-30T00:00:00Z');
    expect(extendedDeadline(REGULATION_GDPR, submitted)).toEqual(new Date('2027-02-28T00:00:00Z'));
    expect(extendedDeadline(REGULATION_CCPA, submitted)).toEqual(new Date('2027-02-28T00:00:00Z'));
  });

  it('take a clock of their own for other laws', () => {
    const clocks = { timeZone: 'UTC', other: parseLegalClock('15d+15d', 'x') };
    const submitted = new Date('2026-05-05T00:00:00Z');
    expect(legalDeadline(REGULATION_OTHER, submitted, clocks)).toEqual(new Date('2026-05-20'));
    expect(extendedDeadline(REGULATION_OTHER, submitted, clocks)).toEqual(new Date('2026-06-04'));
  });

  it('refuse what is no clock and no time zone, naming the field', () => {
    expect(() => parseLegalClock('1y', '--other-clock')).toThrow(/--other-clock.*1m\+2m/);
    expect(() => parseTimeZone('Mars', '--time-zone')).toThrow(/--time-zone.*Europe\/Berlin/);
  });

  it('know when a year begins', () => {
    expect(startOfYear(2026, 'America/Los_Angeles')).toEqual(new Date('2026-01-01T08:00:00Z'));
  });
});

describe('daysLeft', () => {
  const deadline = new Date('2026-02-28T12:00:00Z');

  it.each([
    ['2026-02-26T12:00:00Z', 2],
    ['2026-02-26T12:00:01Z', 1],
    ['2026-02-28T12:00:00Z', 0],
    ['2026-02-28T12:00:01Z', -1],
    ['2026-03-02T12:00:00Z', -2],
  ])('at %s: %i', (now, days) => {
    expect(daysLeft(deadline, new Date(now))).toBe(days);
  });
});
