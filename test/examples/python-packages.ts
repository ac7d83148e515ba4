import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@lethe/contracts';

const requirements = fileURLToPath(
  new URL('../../examples/emitters/requirements.txt', import.meta.url),
);

/** A Python that has what the examples need, made once for all checkouts. */
export function pythonWithPackages(): string {
  const digest = sha256(readFileSync(requirements)).slice(0, 12);
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(root, 'lethe', `python-${digest}`);
  if (!existsSync(join(folder, 'whole'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(root, 'lethe'), { recursive: true });
    execFileSync('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', requirements];
    execFileSync(join(folder, 'bin', 'python'), pip, { stdio: 'inherit' });
    // A marker, and last: an environment does not move, so it is made where it stays.
    mkdirSync(join(folder, 'part'));
    renameSync(join(folder, 'part'), join(folder, 'whole'));
  }
  return join(folder, 'bin', 'python');
}
