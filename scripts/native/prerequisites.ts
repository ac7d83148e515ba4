import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { cachePath, diskBytes, type Variant } from './recipe.ts';

/** @throws InstallFailure that names the first thing missing. */
export async function checkPrerequisites(variant: Variant): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new InstallFailure(
      `there is no recipe for ${process.platform} on ${process.arch}, only for Linux on x64`,
      "try the vendor's own package: npm run native:install -- --vendor",
    );
  }
  checkNode();
  await checkTool('g++', ['--version'], 'install a C++17 compiler, on Debian: apt-get install g++');
  await checkTool(
    'python3',
    ['-m', 'pip', '--version'],
    'install pip, on Debian: apt-get install python3-pip',
  );
  await checkDisk(variant);
}

/** tfjs-node does not run on 23 and later. */
export function checkNode(): void {
  if (Number(process.versions.node.split('.')[0]) === 22) return;
  throw new InstallFailure(
    `Node ${process.versions.node} is not the Node 22 of this checkout`,
    'start it through npm: npm run native:install',
  );
}

async function checkTool(command: string, args: readonly string[], remedy: string) {
  const { status } = await runTool(command, args);
  if (status !== 0) throw new InstallFailure(`\`${[command, ...args].join(' ')}\` fails`, remedy);
}

async function checkDisk(variant: Variant): Promise<void> {
  let folder = cachePath(variant);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= diskBytes[variant]) return;
  const [have, want] = [free, diskBytes[variant]].map((bytes) => (bytes / 1e9).toFixed(1));
  throw new InstallFailure(
    `${folder} has ${have} GB free, the ${variant} variant needs ${want} GB`,
    'make room, or set XDG_CACHE_HOME to a folder with more',
  );
}
