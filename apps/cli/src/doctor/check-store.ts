import { existsSync } from 'node:fs';
import { openStore } from '@lethe/service-kit';
import { probeObjectStore } from '@lethe/store';
import { type Finding, ok, problem } from './finding.ts';
import type { Patient } from './patient.ts';

const documented = 'See docs/object-store.md for stores that conform.';

/** Tries what services demand of the store at their start; what it writes is removed. */
export async function checkStore(patient: Pick<Patient, 'store'>): Promise<Finding[]> {
  const { store: address } = patient.store;
  const folder = /^folder:(.+)$/.exec(address)?.[1];
  if (folder !== undefined && !existsSync(folder)) {
    return [ok('store', `${folder} is not there yet; lethe up and lethe import make it`)];
  }
  await using store = await openStore(patient.store);
  const found = await probeObjectStore(store);
  const broken = found.filter(({ held }) => !held);
  if (broken.length === 0) {
    return [
      ok('store', `${address} conforms: ${found.length} checks, among them 32 racing writers`),
    ];
  }
  return broken.map(({ check, detail, isUnanswered }) =>
    problem(
      'store',
      `${address}: it must hold that ${check}; ${detail}`,
      isUnanswered ? 'See why it does not answer, then run lethe doctor again.' : documented,
    ),
  );
}
