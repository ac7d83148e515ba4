import { status } from '@grpc/grpc-js';
import type { ErrorCode } from '@lethe/contracts';

/** gRPC status of every error code; the exact code travels in google.rpc.ErrorInfo. */
export const grpcStatusOf: Readonly<Record<ErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  conflict: status.ALREADY_EXISTS,
  precondition: status.FAILED_PRECONDITION,
  unavailable: status.UNAVAILABLE,
  capacity: status.RESOURCE_EXHAUSTED,
  corrupt: status.DATA_LOSS,
  fenced: status.ABORTED,
  cancelled: status.CANCELLED,
  unauthenticated: status.UNAUTHENTICATED,
  denied: status.PERMISSION_DENIED,
  internal: status.INTERNAL,
};

/** HTTP status of every error code. */
export const httpStatusOf: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  precondition: 409,
  unavailable: 503,
  capacity: 507,
  corrupt: 500,
  fenced: 503,
  cancelled: 503,
  unauthenticated: 401,
  denied: 403,
  internal: 500,
};

/** The code for a status that came without our details: another server, or the transport. */
export function errorCodeOf(grpcStatus: number): ErrorCode {
  switch (grpcStatus) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return 'invalid';
    case status.NOT_FOUND:
      return 'not_found';
    case status.ALREADY_EXISTS:
      return 'conflict';
    case status.FAILED_PRECONDITION:
    case status.UNIMPLEMENTED:
      return 'precondition';
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return 'unavailable';
    case status.RESOURCE_EXHAUSTED:
      return 'capacity';
    case status.DATA_LOSS:
      return 'corrupt';
    case status.ABORTED:
      return 'fenced';
    case status.CANCELLED:
      return 'cancelled';
    case status.UNAUTHENTICATED:
      return 'unauthenticated';
    case status.PERMISSION_DENIED:
      return 'denied';
    default:
      return 'internal';
  }
}
