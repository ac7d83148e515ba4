import type { DeletionRequest, Violation } from '@lethe/contracts';

/** A request as read from the wire, and what could not be read of it. */
export interface IncomingRequest {
  readonly request: DeletionRequest;
  readonly problems: readonly Violation[];
}

export function incoming(request: DeletionRequest): IncomingRequest {
  return { request, problems: [] };
}
