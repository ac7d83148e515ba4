import { type ErrorCode, LetheError, type Violation } from '@lethe/contracts';

/** A LetheError on its way between processes; a structured clone would lose its fields. */
export interface TransferredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly violations: readonly Violation[];
  /** Where it was thrown, in the other process. */
  readonly stack: string;
}

export function packError(thrown: unknown): TransferredError {
  const { code, message, violations } = LetheError.from(thrown);
  const stack = thrown instanceof Error && thrown.stack !== undefined ? thrown.stack : message;
  return { code, message, violations: [...violations], stack };
}

/** The error as it was thrown; its cause carries the other process's stack. */
export function unpackError(error: TransferredError): LetheError {
  const cause = new Error(error.message);
  cause.stack = error.stack;
  return new LetheError(error.code, error.message, { violations: error.violations, cause });
}
