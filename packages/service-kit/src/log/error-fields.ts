import { LetheError } from '@lethe/contracts';

/**
 * An error without anything that a caller sent: of violations only field and description are
 * told, since their values may be subject handles or sample ids.
 */
export function describeSafely(thrown: unknown): string {
  const error = LetheError.from(thrown);
  if (error.violations.length === 0) return error.message;
  return error.violations.map(({ field, description }) => `${field} ${description}`).join('; ');
}

/** What the log tells of an error: code, sentence, and the stack of what nobody expected. */
export function errorFields(thrown: unknown): Record<string, unknown> {
  const error = LetheError.from(thrown);
  const fields: Record<string, unknown> = { code: error.code, message: describeSafely(error) };
  if (error.code === 'internal' || error.code === 'corrupt') {
    const origin = error.cause instanceof Error ? error.cause : error;
    fields.stack = origin.stack;
  }
  return fields;
}
