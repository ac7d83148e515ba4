import type { ErrorCode } from '@lethe/contracts/errors';

/** Exit codes of the CLI, printed by `lethe --help`. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  unavailable: 5,
  refused: 6,
  capacity: 7,
  denied: 8,
  interrupted: 130,
  terminated: 143,
} as const;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'invalid':
      return exitCodes.usage;
    case 'not_found':
      return exitCodes.notFound;
    case 'conflict':
    case 'fenced':
      return exitCodes.conflict;
    case 'unavailable':
      return exitCodes.unavailable;
    case 'precondition':
      return exitCodes.refused;
    case 'capacity':
      return exitCodes.capacity;
    case 'unauthenticated':
    case 'denied':
      return exitCodes.denied;
    case 'cancelled':
      return exitCodes.interrupted;
    case 'corrupt':
    case 'internal':
      return exitCodes.internal;
    default:
      return code satisfies never;
  }
}

/** Of several things asked for at once: what was refused decides; several reasons are wrong input. */
export function exitCodeOfRefusals(refusals: ReadonlySet<ErrorCode>): number {
  const [only, other] = refusals;
  if (only === undefined) return exitCodes.ok;
  return other === undefined ? exitCodeOf(only) : exitCodes.usage;
}
