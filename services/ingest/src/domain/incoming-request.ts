import type { DeletionRequest, Violation } from '@lethe/contracts';

/** A request as it came from the wire. */
export type IncomingRequest =
  /** Some fields may not have been readable; what could not be read is left empty. */
  | {
      readonly kind: 'read';
      readonly request: DeletionRequest;
      readonly problems: readonly Violation[];
    }
  /** Nothing of it could be read. */
  | { readonly kind: 'unreadable'; readonly problems: readonly Violation[] };

/** A request whose every field was read. */
export function incoming(request: DeletionRequest): IncomingRequest & { kind: 'read' } {
  return { kind: 'read', request, problems: [] };
}
