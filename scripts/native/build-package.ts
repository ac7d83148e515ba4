import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInCache, isWhole } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { runNpm } from '../install/run-tool.ts';
import { compileBinding } from './compile-binding.ts';
import { fetchLibraries } from './fetch-libraries.ts';
import { cachePath, packageName, type Variant, wheels } from './recipe.ts';

export function isBuilt(variant: Variant): boolean {
  return isWhole(cachePath(variant));
}

/**
 * Builds the native package in the cache: sources from npm (pinned by the lock file beside
 * this module), libraries from Python wheels (pinned by checksum), the binding by g++.
 */
export async function buildPackage(
  variant: Variant,
  say: (line: string) => void,
  force: boolean,
): Promise<void> {
  await buildInCache({
    target: cachePath(variant),
    say,
    force,
    async build(work) {
      say('Fetching the sources of tfjs-node from npm');
      await fetchSources(work);
      const built = join(work, 'package');
      await assemble(work, built);
      say(`Fetching libtensorflow: ${wheels[variant].map((w) => w.name).join(', ')}`);
      await fetchLibraries(variant, work, join(built, 'deps'));
      say('Compiling the binding');
      await compileBinding(built, join(work, 'node_modules', 'node-api-headers', 'include'));
      await rm(join(work, 'node_modules'), { recursive: true });
      return { wheels: wheels[variant] };
    },
  });
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
