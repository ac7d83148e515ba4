import { LetheError } from '@lethe/contracts';

const keyRule =
  'must be 1 to 1024 of A-Z, a-z, 0-9, ".", "_", "-" and "/", without empty, "." or ".." parts';

/**
 * The parts between the slashes of an object's key.
 *
 * @throws LetheError `invalid` naming the key
 */
export function partsOfKey(key: string): readonly string[] {
  const parts = key.split('/');
  if (key.length > 1024 || !/^[A-Za-z0-9._/-]+$/.test(key) || !parts.every(isPart)) {
    throw LetheError.invalid('key', key, keyRule, 'Name the object by such a key.');
  }
  return parts;
}

/**
 * A prefix of keys as the parts that end with a slash, and the rest.
 *
 * @throws LetheError `invalid` naming the prefix when no key can begin like that
 */
export function splitPrefix(prefix: string): { folders: readonly string[]; rest: string } {
  const folders = prefix.split('/');
  const rest = folders.pop() ?? '';
  if (!/^[A-Za-z0-9._/-]*$/.test(prefix) || !folders.every(isPart)) {
    throw LetheError.invalid('prefix', prefix, `of a key that ${keyRule}`, 'Give "" for all.');
  }
  return { folders, rest };
}

function isPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..';
}
