import { describeSafely, LetheError } from '@lethe/contracts';

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
