import { LetheError } from './errors.ts';

/**
 * An error without anything that a caller sent: of violations only field and description are
 * told, since their values may be subject handles or sample ids.
 */
export function describeSafely(thrown: unknown): string {
  const error = LetheError.from(thrown);
  if (error.violations.length === 0) return error.message;
  return error.violations.map(({ field, description }) => `${field} ${description}`).join('; ');
}
