import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { syncFolder } from './durable-files.ts';
import { isMissing, isPresent } from './folder-error.ts';

/**
 * Makes a folder whose parent is there; `false` when it was there already.
 *
 * @throws LetheError `precondition` when the parent is missing
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
  } catch (thrown) {
    if (isPresent(thrown) && (await stat(folder)).isDirectory()) return false;
    if (!isMissing(thrown)) throw thrown;
    const remedy = 'Make it, or choose another folder';
    throw new LetheError('precondition', `there is no folder ${dirname(folder)}. ${remedy}`);
  }
  await syncFolder(dirname(folder));
  return true;
}
