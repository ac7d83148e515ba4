import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  findKeySet,
  type KeySet,
  type KeySetStore,
  parseKeySet,
  readKeySets,
} from '@lethe/evidence';
import { type Finding, note, ok, problem } from './finding.ts';

const backUp = 'Put it back from a backup (lethe restore --help).';

/** Can evidence be signed, and can nobody else sign it? Looks only; makes no keys. */
export async function checkKeys(folder: string, now: Date): Promise<Finding[]> {
  const mode = modeOf(folder);
  if (mode === undefined) {
    return [ok('keys', `${folder} is not there yet; lethe up makes it with a first key`)];
  }
  const files = readdirSync(folder);
  const findings: Finding[] = [];
  for (const name of ['', ...files.filter(isSecret)]) {
    const file = join(folder, name);
    // Group and others: any bit at all on a secret, writing on the folder.
    const forbidden = name === '' ? 0o022 : 0o077;
    if (((modeOf(file) ?? 0) & forbidden) === 0) continue;
    const remedy = `Run: chmod ${name === '' ? 'go-w' : 'go='} ${file}`;
    findings.push(problem('keys', `other users of this machine may use ${file}`, remedy));
  }
  if (!files.includes('key-set.json')) {
    return [...findings, problem('keys', `${folder} has no key-set.json`, backUp)];
  }
  const keys = parseKeySet(readFileSync(join(folder, 'key-set.json'), 'utf8'));
  findings.push(signing(folder, keys, files, now));
  if (!files.includes('request-digest.key')) {
    const seen = 'request-digest.key is missing: requests that are sent again look like others';
    findings.push(problem('keys', seen, backUp));
  }
  return findings;
}

/** Do all services sign with this folder's keys? They publish those they have. Looks only. */
export async function checkSharedKeys(folder: string, store: KeySetStore): Promise<Finding[]> {
  const file = join(folder, 'key-set.json');
  if (modeOf(file) === undefined) return [];
  const own = parseKeySet(readFileSync(file, 'utf8'));
  const strangers = [...(await readKeySets(store, own)).values()].filter(
    ({ keyId, revokedTime }) => !own.has(keyId) && revokedTime === undefined,
  );
  const [first] = strangers;
  if (first === undefined) return [];
  const ids = strangers.map(({ keyId }) => keyId.slice(0, 12)).join(', ');
  const seen = `services sign with keys that are not in ${folder}: ${ids} (${await findKeySet(store, first.keyId)})`;
  const remedy =
    'Let services that run apart share one key folder (LETHE_KEYS), or back up the folder of each and check evidence with: lethe keys export --address REGISTRY';
  return [note('keys', seen, remedy)];
}

function signing(folder: string, keys: KeySet, files: readonly string[], now: Date): Finding {
  const time = now.toISOString();
  const usable = [...keys.values()].filter(
    ({ keyId, revokedTime, notAfter }) =>
      revokedTime === undefined &&
      (notAfter === undefined || notAfter >= time) &&
      files.includes(`${keyId}.pem`),
  );
  const newest = usable.sort((a, b) => (a.notBefore < b.notBefore ? 1 : -1))[0];
  if (newest === undefined) {
    return problem('keys', `${folder} has no key that may sign`, 'Make one: lethe keys rotate');
  }
  const id = newest.keyId.slice(0, 12);
  if (newest.notBefore > time) {
    const seen = `key ${id} begins at ${newest.notBefore}, and this clock says ${time}`;
    return note('keys', seen, 'Was the clock set back? Set it right.');
  }
  return ok('keys', `key ${id} signs; ${keys.size} published in ${folder}`);
}

function isSecret(name: string): boolean {
  return name.endsWith('.pem') || name.endsWith('.key');
}

function modeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mode;
}
