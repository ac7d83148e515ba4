import type { OutgoingRecord } from '@lethe/bus';
import { describeSafely, LetheError } from '@lethe/contracts';

/** What became of one record. */
export type Outcome =
  /** Commit, together with these records. */
  | { readonly kind: 'done'; readonly records: readonly OutgoingRecord[] }
  /** Handle it again, after `afterMs` or the loop's back-off. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** No retry can help: set it aside. */
  | {
      readonly kind: 'dead-letter';
      readonly reason: string;
      readonly errorClass: string;
      /** Written with it, for example an answer to whoever sent it. */
      readonly records?: readonly OutgoingRecord[];
      /** What could be read of it, by header of the dead letter. Nothing personal. */
      readonly about?: Readonly<Record<string, string>>;
    }
  /** This process cannot go on. */
  | { readonly kind: 'fatal'; readonly reason: string };

export function done(records: readonly OutgoingRecord[] = []): Outcome {
  return { kind: 'done', records };
}

export function retry(reason: string, afterMs?: number): Outcome {
  return { kind: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

export function deadLetter(
  reason: string,
  errorClass = 'invalid',
  records: readonly OutgoingRecord[] = [],
  about: Readonly<Record<string, string>> = {},
): Outcome {
  return { kind: 'dead-letter', reason, errorClass, records, about };
}

export function fatal(reason: string): Outcome {
  return { kind: 'fatal', reason };
}

/** Attempts given to an error that nobody expected before its record is set aside. */
export const maxInternalAttempts = 5;

/**
 * The outcome that an error thrown by a handler stands for.
 *
 * @param attempt number of this attempt, from 1
 */
export function outcomeOfError(thrown: unknown, attempt: number): Outcome {
  const error = LetheError.from(thrown);
  const reason = describeSafely(error);
  switch (error.code) {
    case 'invalid':
    case 'corrupt':
    case 'conflict':
      return deadLetter(reason, error.code);
    case 'internal':
      return attempt < maxInternalAttempts ? retry(reason) : deadLetter(reason, error.code);
    case 'not_found':
    case 'precondition':
    case 'unavailable':
    case 'capacity':
    case 'fenced':
    case 'cancelled':
    case 'unauthenticated':
    case 'denied':
      return retry(reason);
    default:
      return error.code satisfies never;
  }
}
