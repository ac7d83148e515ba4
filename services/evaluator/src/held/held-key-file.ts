import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { type HeldKey, parseHeldKey } from './seal.ts';

/** @throws LetheError `precondition` for a file that cannot be read, `invalid` for one that holds no key */
export async function readHeldKey(file: string): Promise<HeldKey> {
  try {
    return parseHeldKey(await readFile(file));
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    throw new LetheError(
      'precondition',
      `the key file ${file} cannot be read: ${(cause as Error).message}. Write one with: openssl rand -hex 32`,
      { cause },
    );
  }
}

/** The key in `file`; made, for this user alone, where there is none. */
export async function makeHeldKey(file: string): Promise<HeldKey> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return readHeldKey(file);
}
