import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, LetheError } from '@lethe/contracts';
import { errorCodeOf, grpcStatusOf } from './status-codes.ts';
import { decodeStatusDetails, encodeStatusDetails, statusDetailsKey } from './status-details.ts';

export interface GrpcFailure {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const maxDetailsCharacters = 1_000;

/** What a server sends for anything thrown by a handler. */
export function toGrpcFailure(thrown: unknown): GrpcFailure {
  const error = LetheError.from(thrown);
  const metadata = new Metadata();
  metadata.set(statusDetailsKey, encodeStatusDetails(error));
  const details =
    error.message.length <= maxDetailsCharacters
      ? error.message
      : `${error.message.slice(0, maxDetailsCharacters - 1)}…`;
  return { code: grpcStatusOf[error.code], details, metadata };
}

/** What a client throws for anything that a call ended with. */
export function fromServiceError(thrown: unknown, what: string): LetheError {
  const error = thrown as Partial<ServiceError>;
  if (typeof error.code !== 'number') return LetheError.from(thrown);
  const { code, violations } = readDetails(error.metadata);
  const tooLarge = /larger than max \((\d+) vs\.? (\d+)\)/.exec(error.details ?? '');
  return new LetheError(code ?? errorCodeOf(error.code), sentence(error, what, tooLarge), {
    violations,
    cause: thrown,
  });
}

function readDetails(metadata: Metadata | undefined): {
  code: ErrorCode | undefined;
  violations: LetheError['violations'];
} {
  const bytes = metadata?.get(statusDetailsKey)[0];
  if (!Buffer.isBuffer(bytes)) return { code: undefined, violations: [] };
  try {
    return decodeStatusDetails(bytes);
  } catch {
    return { code: undefined, violations: [] };
  }
}

function sentence(
  error: Partial<ServiceError>,
  what: string,
  tooLarge: RegExpExecArray | null,
): string {
  if (tooLarge) {
    return `${what}: the message has ${tooLarge[1]} bytes, at most ${tooLarge[2]} are taken. Send several smaller ones.`;
  }
  if (error.code === status.DEADLINE_EXCEEDED) {
    return `${what}: no answer within the deadline. It may have been done: ask again, with the same request id.`;
  }
  const unserved = / the method \/lethe\.v1\.((\w+?)Service)\/(\w+)/.exec(error.details ?? '');
  if (error.code === status.UNIMPLEMENTED && unserved !== null) {
    const [, service = '', name = '', method] = unserved;
    const owner = ['Ingest', 'Unlearner', 'Evaluator'].includes(name) ? name : 'Registry';
    return `${service}/${method} is answered by the ${owner.toLowerCase()}, which is not at this address, or is older. Services that run apart have an address each: see docs/operations.md.`;
  }
  return error.details ?? error.message ?? what;
}
