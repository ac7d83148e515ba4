import { existsSync } from 'node:fs';
import type { DatasetSource, ModelRegistration } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { openStore } from '@lethe/service-kit';
import { BlobStore } from '@lethe/store';
import { type Finding, note, ok, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** Is the data that rounds and verdicts read where the registrations say? */
export async function checkData(patient: Patient): Promise<Finding[]> {
  const { store: address } = patient.store;
  if (address.startsWith('folder:') && !existsSync(address.slice('folder:'.length))) return [];
  await using store = await openStore(patient.store);
  const lineage = new LineageStore(store, new BlobStore(store));
  const findings: Finding[] = [];
  for (const modelKey of await lineage.models()) {
    const registered = await lineage.registration(modelKey);
    if (registered === undefined) continue;
    findings.push(...judgeData(registered.record, existsSync, patient.isEmbedded));
  }
  if (findings.length > 0) return findings;
  return [ok('data', 'no model is registered yet; see lethe import --help')];
}

/** @param isHere whether unlearner and evaluator run on this machine */
export function judgeData(
  { modelKey, trainingData, evaluationSets }: ModelRegistration,
  exists: (path: string) => boolean,
  isHere: boolean,
): Finding[] {
  const sources = [trainingData, ...evaluationSets.map(({ source }) => source)];
  const paths = new Set(sources.filter(isOnDisk).map(({ path }) => path));
  const missing = [...paths].filter((path) => !exists(path));
  if (missing.length === 0) return [ok('data', `${modelKey}: its data sets can be found`)];
  return missing.map((path) => {
    const seen = `${modelKey}: its data ${path} is not on this machine`;
    return isHere
      ? problem('data', `${seen}: its rounds are blocked`, 'Put it back there, or mount it there.')
      : note('data', seen, 'It must be there where unlearner and evaluator run.');
  });
}

function isOnDisk(source: DatasetSource | undefined): source is DatasetSource {
  return source !== undefined && source.path !== '';
}
