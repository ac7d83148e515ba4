import { expect } from 'vitest';
import { probeObjectStore } from '../probe-object-store.ts';
import { type Check, keysOf } from './fixture.ts';

export function probeCases(check: Check): void {
  check('passes the probe that services run at start', async ({ store }) => {
    const findings = await probeObjectStore(store);
    expect(findings.length).toBeGreaterThanOrEqual(8);
    expect(findings.filter((finding) => !finding.held)).toEqual([]);
    expect(await keysOf(store, '')).toEqual([]);
  });
}
