import { type ModelKey, parseModelKey } from '@lethe/contracts';

/** Records that a model's log holds one of per sequence. */
export type LogName = 'manifests' | 'verdicts' | 'decisions' | 'certificates' | 'purges';

/** What every key of every model begins with. */
export const modelsPrefix = 'models/';

/** What every key of one model begins with. @throws LetheError `invalid` for a bad model key */
export function modelPrefix(modelKey: string): string {
  return `${modelsPrefix}${parseModelKey(modelKey)}/`;
}

export function registrationKey(modelKey: string): string {
  return `${modelPrefix(modelKey)}registration.json`;
}

export function servingKey(modelKey: string): string {
  return `${modelPrefix(modelKey)}serving.json`;
}

/** The serving pointer as it was at a generation. */
export function moveKey(modelKey: string, generation: number): string {
  return `${modelPrefix(modelKey)}moves/${String(generation).padStart(10, '0')}.json`;
}

export function proposalKey(modelKey: string, id: string): string {
  return `${modelPrefix(modelKey)}proposals/${id}.json`;
}

/** Of all requests that named samples of the model's evaluation sets. */
export function exclusionsPrefix(modelKey: string): string {
  return `${modelPrefix(modelKey)}exclusions/`;
}

export function exclusionKey(modelKey: string, requestDigest: string): string {
  return `${exclusionsPrefix(modelKey)}${requestDigest}.json`;
}

/** A policy of the gate by its digest, which verdicts on the model name. */
export function policyKey(modelKey: string, policyDigest: string): string {
  return `${modelPrefix(modelKey)}policies/${policyDigest}.json`;
}

export function quarantineKey(modelKey: string, sequence: number): string {
  return `${modelPrefix(modelKey)}quarantine/${String(sequence).padStart(10, '0')}.json`;
}

/** Written before the weights of a version are deleted: it never serves again. */
export function purgingKey(modelKey: string, sequence: number): string {
  return `${modelPrefix(modelKey)}purging/${String(sequence).padStart(10, '0')}.json`;
}

export function manifestKey(modelKey: string, sequence: number): string {
  return logKey(modelKey, 'manifests', sequence);
}

export function verdictKey(modelKey: string, sequence: number): string {
  return logKey(modelKey, 'verdicts', sequence);
}

export function decisionKey(modelKey: string, sequence: number): string {
  return logKey(modelKey, 'decisions', sequence);
}

export function logPrefix(modelKey: string, log: LogName): string {
  return `${modelPrefix(modelKey)}${log}/`;
}

/** Ten digits: the order of keys is the order of the log. */
export function logKey(modelKey: string, log: LogName, sequence: number): string {
  return `${logPrefix(modelKey, log)}${String(sequence).padStart(10, '0')}.json`;
}

/** Sequence of a key of a log, `undefined` when it is not one. */
export function sequenceOfKey(key: string): number | undefined {
  const digits = /\/([0-9]{10})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Model that a key under {@link modelsPrefix} belongs to. */
export function modelOfKey(key: string): ModelKey | undefined {
  const name = key.slice(modelsPrefix.length).split('/')[0];
  return name === undefined || name === '' ? undefined : (name as ModelKey);
}
