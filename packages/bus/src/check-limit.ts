import { LetheError } from '@lethe/contracts';

/** @throws LetheError `invalid` */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1) return;
  throw LetheError.invalid('limit', limit, 'must be a whole number above 0', 'Ask for more.');
}
