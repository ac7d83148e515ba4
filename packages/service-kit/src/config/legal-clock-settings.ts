import { type LegalClocks, parseLegalClock, parseTimeZone } from '../legal-deadline.ts';
import { type ConfigOf, defineConfig } from './config-table.ts';

/** Settings of whoever counts legal deadlines. Intake and registry need the same. */
export const legalClockSettings = defineConfig({
  timeZone: {
    env: 'LETHE_TIME_ZONE',
    flag: 'time-zone',
    type: 'string',
    default: 'UTC',
    help: 'Time zone in which legal deadlines are counted, for example Europe/Berlin.',
  },
  otherClock: {
    env: 'LETHE_OTHER_CLOCK',
    flag: 'other-clock',
    type: 'string',
    default: '1m+2m',
    help: 'Time that laws other than GDPR and CCPA give, and the extension: 1m+2m, 30d+15d.',
  },
});

/** @throws LetheError `invalid` naming the setting */
export function legalClocksOf(config: ConfigOf<typeof legalClockSettings>): LegalClocks {
  return {
    timeZone: parseTimeZone(config.timeZone, '--time-zone'),
    other: parseLegalClock(config.otherClock, '--other-clock'),
  };
}
