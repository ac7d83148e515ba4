import { Regulation } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { daysLeft, legalDeadline } from './legal-deadline.ts';

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
