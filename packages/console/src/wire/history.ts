export interface RoundEntry {
  readonly kind: 'round';
  readonly sequence: number;
  readonly createdTime: string;
  readonly parentSequence: number;
  readonly method: string;
  readonly ladderStep: number;
  readonly mode: string;
  readonly requestCount: number;
  readonly sampleCount: number;
  /** `forgotten`, `already_forgotten`, `not_converged`. */
  readonly result: string;
  readonly forgetAccuracyBefore: number | null;
  readonly forgetAccuracyAfter: number | null;
  readonly steps: number;
  readonly seconds: number | null;
  readonly backend: string;
  readonly weightsDigest: string;
  readonly traceId: string;
  /** `evaluating`, `passed`, `rejected`, `serving`, `superseded`, `rolled_back`, `purge_due`, `purged`, `quarantined`. */
  readonly state: string;
  /** The gate's outcome; empty while it is judged. */
  readonly outcome: string;
  /** What the registry did; empty while it has not. */
  readonly decision: string;
  readonly explanation: string;
  readonly wasPromoted: boolean;
  /** Accuracy on held-out samples and that of the original; `null` where it was not measured. */
  readonly heldOutAccuracy: number | null;
  readonly originalAccuracy: number | null;
}

export interface EscalationEntry {
  readonly kind: 'escalation';
  readonly sequence: number;
  readonly createdTime: string;
  readonly parentSequence: number;
  readonly attempts: readonly number[];
  readonly requestCount: number;
  readonly reason: string;
}

export interface RollbackEntry {
  readonly kind: 'rollback';
  readonly sequence: number;
  readonly createdTime: string;
  readonly parentSequence: number;
  readonly targetSequence: number;
  readonly generation: number;
  readonly actor: string;
  readonly reason: string;
  readonly reopenedCount: number;
}

export interface WithdrawalEntry {
  readonly kind: 'withdrawal';
  readonly sequence: number;
  readonly createdTime: string;
  readonly parentSequence: number;
  /** `cancelled` or `denied`. */
  readonly what: string;
  readonly requestId: string;
  readonly emitter: string;
  readonly actor: string;
  readonly reason: string;
}

export type HistoryEntry = RoundEntry | EscalationEntry | RollbackEntry | WithdrawalEntry;

export interface History {
  readonly servingSequence: number;
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Give it as `before` for the entries before these; 0: there are none. */
  readonly before: number;
}
