const pattern =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** RFC 3339 in UTC with milliseconds: the one form in evidence, so that texts compare like times. */
export function isStrictTime(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

export function strictTime(time: Date): string {
  return time.toISOString();
}
