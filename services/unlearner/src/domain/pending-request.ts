import type { DeletionRequested } from '@lethe/contracts';

/** An accepted request that still has samples to forget. */
export interface PendingRequest {
  readonly request: DeletionRequested;
  /** Rows of the training manifest that no round holds yet, ascending, at least one. */
  readonly rows: readonly number[];
  /** What it wants, as {@link scopeOfRequest} names it. */
  readonly scope: string;
  /** Rung of the ladder to try next: 0 until an attempt with it was refused. */
  readonly ladderStep: number;
  /** When this process first saw it, by its own clock: the wait for a fuller batch starts here. */
  readonly arrivedMs: number;
}
