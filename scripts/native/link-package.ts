import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachePath, installedPath, type Variant } from './recipe.ts';

/**
 * Puts the built package into the checkout: code as a copy (it must find the checkout's own
 * tfjs), the libraries as a link into the cache.
 */
export async function linkPackage(variant: Variant): Promise<void> {
  const source = join(cachePath(variant), 'package');
  const deps = join(source, 'deps');
  const staged = `${installedPath}.linking-${process.pid}`;
  await mkdir(dirname(installedPath), { recursive: true });
  await cp(source, staged, { recursive: true, filter: (path) => path !== deps });
  await symlink(deps, join(staged, 'deps'));
  await rm(installedPath, { recursive: true, force: true });
  await rename(staged, installedPath);
}
