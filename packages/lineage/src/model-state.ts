import type { DeletionRequested, Digest, RequestPart, Round } from '@lethe/contracts';

/** The last promoted round, what was rolled back to since, or the original: where the next round starts. */
export interface Head {
  /** 0 is the original. */
  readonly sequence: number;
  readonly weightsDigest: Digest;
  /** `undefined` for the original: nothing has been carried yet. */
  readonly stateDigest: Digest | undefined;
  /** `undefined` for the original. */
  readonly manifestDigest: Digest | undefined;
}

/** A committed round that nobody has decided on yet. */
export interface InFlight {
  readonly sequence: number;
  readonly manifestDigest: Digest;
  readonly round: Round;
}

/** The log ends with refused rounds: what to try again. */
export interface Retry {
  /** Of the last refused round. */
  readonly parts: readonly RequestPart[];
  /** Sequences of the refused rounds since the last promotion or escalation, ascending. */
  readonly attempts: readonly number[];
  /** Rung of the ladder to try next. */
  readonly ladderStep: number;
}

/** A request that some manifest names and that has not ended. */
export interface OpenRequest {
  readonly request: DeletionRequested;
  /** Rows of the training manifest that promoted rounds have forgotten. */
  readonly rowsDone: ReadonlySet<number>;
  /** One above the highest rung that was refused; 0 before that. Stays until the request ends. */
  readonly ladderStep: number;
  /** Sequences of the refused rounds that held rows of it, ascending. */
  readonly attempts: readonly number[];
}

export type RequestProgress =
  /** No manifest names it. */
  | { readonly kind: 'unknown' }
  | ({ readonly kind: 'open' } & OpenRequest)
  | { readonly kind: 'completed' }
  | { readonly kind: 'escalated' }
  /** Cancelled or denied. */
  | { readonly kind: 'withdrawn' }
  /** Another request of its emitter was completed for the same. */
  | { readonly kind: 'duplicate' };

/** The present state of a model, as its log says. */
export interface ModelState {
  readonly modelKey: string;
  readonly head: Head;
  /** Of the manifest that comes next. */
  readonly nextSequence: number;
  readonly inFlight: InFlight | undefined;
  readonly retry: Retry | undefined;
  /** By {@link requestKey}; those in flight and refused ones included. */
  readonly openRequests: ReadonlyMap<string, OpenRequest>;
  readonly completedCount: number;
  readonly escalatedCount: number;
  /** Generation of the serving pointer that the last rollback made; 0 without one. */
  readonly rollbackGeneration: number;
  progress(requestKey: string): RequestProgress;
  /** Id of a completed request with this {@link scopeOfRequest}. */
  completedLike(scope: string): string | undefined;
}
