import { LetheError } from '@lethe/contracts';

const least = [22, 15] as const;

/** @throws LetheError `invalid` when this Node lacks what Lethe stands on, its SQLite first of all */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > least[0] || (major === least[0] && minor >= least[1])) return;
  throw LetheError.invalid(
    'Node',
    version,
    `is older than ${least.join('.')}`,
    'npm ci brings the right one: start with node_modules/.bin/node, or put node_modules/.bin first in PATH.',
  );
}
