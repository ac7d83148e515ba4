import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@lethe/contracts';

/** Of the engine's code and so of its defaults: what another one began is not gone on with. */
export function engineDigest(): string {
  const folder = dirname(fileURLToPath(import.meta.resolve('@lethe/unlearning')));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .sort();
  const digests = files.map((name) => `${name} ${sha256(readFileSync(join(folder, name)))}`);
  return sha256(digests.join('\n')).slice(0, 12);
}
