import type { GrpcService } from '../grpc/implement-service.ts';

export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-ready'; readonly reason: string };

/** One of the four services, with what it needs already inside; hosted alone or beside others. */
export interface LetheService extends AsyncDisposable {
  readonly name: string;
  readonly grpc: readonly GrpcService[];
  /**
   * Creates topics, recovers, begins to consume.
   *
   * @throws LetheError `unavailable` when the bus or the store went away: it may be called again
   */
  start(): Promise<void>;
  readiness(): Readiness;
}
