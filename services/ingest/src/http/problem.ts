import type { LetheError } from '@lethe/contracts';
import { httpStatusOf } from '@lethe/service-kit';

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly violations: LetheError['violations'];
}

export const problemContentType = 'application/problem+json';

const titles: Readonly<Record<LetheError['code'], string>> = {
  invalid: 'The request must be changed',
  not_found: 'There is no such thing',
  conflict: 'The id is taken by something else',
  precondition: 'The system is not in a state that allows it',
  unavailable: 'Try again later',
  capacity: 'A limit is reached',
  corrupt: 'Stored data is damaged',
  fenced: 'Another owner has taken over; try again',
  cancelled: 'Cancelled',
  unauthenticated: 'It is not known who asks',
  denied: 'Whoever asks may not do that',
  internal: 'Something unexpected happened',
};

export function problemOf(error: LetheError): Problem {
  return {
    type: `urn:lethe:error:${error.code}`,
    title: titles[error.code],
    status: httpStatusOf[error.code],
    detail: error.message,
    violations: error.violations,
  };
}
