/** The closed set of what can go wrong; each maps to one gRPC status and one HTTP status. */
export type ErrorCode =
  | 'invalid' // the caller must change the input
  | 'not_found'
  | 'conflict' // the id or position is taken by something else
  | 'precondition' // the system is not in a state that allows it
  | 'unavailable' // try again later
  | 'capacity' // a limit is reached: disk, memory, size
  | 'corrupt' // stored bytes are not what their digest says
  | 'fenced' // another owner has taken over
  | 'cancelled'
  | 'unauthenticated' // nobody knows who asks
  | 'denied' // who asks is known, and may not
  | 'internal';

/** What is wrong with one field of the input, and what to do about it. */
export interface Violation {
  /** Path of the field, for example `scope.samples.ids[3]`. */
  readonly field: string;
  /** What was given; shown cut to 80 characters. */
  readonly value: string;
  readonly description: string;
  readonly remedy: string;
}

/** The one error class of Lethe: a code, a sentence, and the fields at fault. */
export class LetheError extends Error {
  override readonly name = 'LetheError';
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { violations?: readonly Violation[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.violations = options.violations ?? [];
  }

  /** An `invalid` error about one field. */
  static invalid(field: string, value: unknown, description: string, remedy: string): LetheError {
    const violation = { field, value: shorten(value), description, remedy };
    return new LetheError('invalid', describeViolation(violation), { violations: [violation] });
  }

  /** Anything thrown, as a LetheError; unknown things become `internal`. */
  static from(thrown: unknown): LetheError {
    if (thrown instanceof LetheError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new LetheError(codeOf(thrown), message, { cause: thrown });
  }
}

export function describeViolation(violation: Violation): string {
  return `${violation.field} = ${JSON.stringify(violation.value)}: ${violation.description}. ${violation.remedy}`;
}

/** Text of a value for an error message, at most 80 characters. */
export function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function codeOf(thrown: unknown): ErrorCode {
  const systemCode = (thrown as NodeJS.ErrnoException | null)?.code;
  switch (systemCode) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EMFILE':
      return 'capacity';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'precondition';
    case 'ENOENT':
      return 'not_found';
    case 'ABORT_ERR':
      return 'cancelled';
    default:
      return 'internal';
  }
}
