import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileBinding } from './compile-binding.ts';
import { fetchLibraries } from './fetch-libraries.ts';
import { InstallFailure } from './install-failure.ts';
import { cachePath, packageName, type Variant, wheels } from './recipe.ts';
import { runNpm } from './run-tool.ts';

/** The last thing written: a cached package without it is not whole. */
const completeFile = 'complete.json';

export function isBuilt(variant: Variant): boolean {
  return existsSync(join(cachePath(variant), completeFile));
}

/**
 * Builds the native package in the cache: sources from npm (pinned by the lock file beside
 * this module), libraries from Python wheels (pinned by checksum), the binding by g++.
 * It is built in a folder of its own and renamed when whole.
 */
export async function buildPackage(variant: Variant, say: (line: string) => void): Promise<void> {
  const target = cachePath(variant);
  const work = `${target}.building-${process.pid}`;
  await removeAbandonedBuilds(target);
  try {
    await mkdir(work, { recursive: true });
    say('Fetching the sources of tfjs-node from npm');
    await fetchSources(work);
    const built = join(work, 'package');
    await assemble(work, built);
    say(`Fetching libtensorflow: ${wheels[variant].map((w) => w.name).join(', ')}`);
    await fetchLibraries(variant, work, join(built, 'deps'));
    say('Compiling the binding');
    await compileBinding(built, join(work, 'node_modules', 'node-api-headers', 'include'));
    await writeFile(join(work, completeFile), JSON.stringify({ wheels: wheels[variant] }, null, 2));
    await rm(join(work, 'node_modules'), { recursive: true });
    await rm(target, { recursive: true, force: true });
    await rename(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A build that was interrupted leaves its folder, up to gigabytes, named by its process id. */
async function removeAbandonedBuilds(target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  for (const name of await readdir(dirname(target))) {
    const [, processId] = name.split('.building-');
    if (processId === undefined || existsSync(`/proc/${processId}`)) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

async function fetchSources(work: string): Promise<void> {
  for (const name of ['package.json', 'package-lock.json', 'tfjs-placeholder']) {
    await cp(join(import.meta.dirname, name), join(work, name), { recursive: true });
  }
  const { status, output } = await runNpm(
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: work },
  );
  if (status === 0) return;
  throw new InstallFailure(
    `npm cannot fetch ${packageName}:\n${output}`,
    'check the network and the settings of npm, then run this again',
  );
}

/** Moves the package, with what it needs nested inside but for tfjs, to `built`. */
async function assemble(work: string, built: string): Promise<void> {
  const modules = join(work, 'node_modules');
  await rename(join(modules, packageName), built);
  await cp(modules, join(built, 'node_modules'), {
    recursive: true,
    filter: (path) =>
      !/node_modules\/(@tensorflow|node-api-headers|\.bin)(\/|$)/.test(path.slice(work.length)),
  });
}
