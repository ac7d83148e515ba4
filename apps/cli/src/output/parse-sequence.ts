import { LetheError } from '@lethe/contracts/errors';

/** Number of a version; 0 is the original. @throws LetheError `invalid` naming `version` */
export function parseSequence(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number < 2 ** 32) return number;
  throw LetheError.invalid(
    'version',
    text,
    'is not a version',
    'Give a number from: lethe versions',
  );
}
