/**
 * What the console's page and the registry say to each other: JSON under `/api`. Times are RFC 3339
 * texts, empty where there is none; figures that are not finite are `null`. Nothing here is personal.
 */

export interface Session {
  /** `open`: authentication is off. `unknown`: sign in first. */
  readonly kind: 'open' | 'known' | 'unknown';
  readonly name: string;
  readonly roles: readonly string[];
  /** Methods of the table of roles, for example `ReleaseService.rollback`. */
  readonly may: readonly string[];
  /** Rollbacks by override, and approvals. */
  readonly isApprover: boolean;
  /** Rollbacks need a second person. */
  readonly fourEyes: boolean;
  /** Address of a trace with `{trace_id}` in it; empty: none is known. */
  readonly traceUrl: string;
  readonly version: string;
  /** Digest of the page that is served now. */
  readonly page: string;
}

/** Sent as one server-sent event: what is no longer as it was. */
export type Change =
  | { readonly kind: 'model'; readonly modelKey: string }
  | { readonly kind: 'requests'; readonly modelKey: string }
  | { readonly kind: 'dead-letters' }
  | { readonly kind: 'audit-log' };

/** The first event of a stream. */
export interface Hello {
  readonly page: string;
}

export interface ServingView {
  readonly generation: number;
  readonly sequence: number;
  readonly weightsDigest: string;
  readonly topologyDigest: string;
  readonly promotedTime: string;
  /** `rollback`; empty for promotions and the first pointer. */
  readonly move: string;
  readonly actor: string;
  readonly reason: string;
  readonly override: boolean;
}

export interface RequestCounts {
  readonly total: number;
  readonly open: number;
  readonly escalated: number;
  readonly completed: number;
  readonly overdue: number;
  /** Open and due within a week. */
  readonly dueSoon: number;
  /** Of the open ones; empty: none is open. */
  readonly nextDeadline: string;
}

export interface ModelCard {
  readonly modelKey: string;
  readonly serving: ServingView;
  readonly requests: RequestCounts;
}

export interface Problem {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
  /** Page of the console that shows more. */
  readonly link: string;
}

export interface Overview {
  readonly now: string;
  readonly models: readonly ModelCard[];
  /** Most urgent first. */
  readonly problems: readonly Problem[];
  readonly openDeadLetters: number;
}

export interface ServerView {
  readonly modelKey: string;
  readonly server: string;
  readonly generation: number;
  readonly seenTime: string;
  readonly state: string;
}

/** A rollback that waits for a second person. */
export interface ProposalView {
  readonly id: string;
  readonly sequence: number;
  readonly reason: string;
  readonly override: boolean;
  readonly actor: string;
  readonly time: string;
}

export interface ModelView extends ModelCard {
  readonly registeredTime: string;
  readonly classNames: readonly string[];
  readonly classCount: number;
  readonly mode: string;
  readonly originalWeightsDigest: string;
  readonly evaluationSets: readonly { name: string; role: string; size: number; digest: string }[];
  readonly servers: readonly ServerView[];
  readonly proposals: readonly ProposalView[];
  /** Newest first. */
  readonly moves: readonly ServingView[];
}

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

export interface CheckView {
  readonly name: string;
  readonly outcome: string;
  readonly advisory: boolean;
  readonly reason: string;
  readonly explanation: string;
  /** Of the metric; empty where none was measured. */
  readonly title: string;
  readonly unit: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly intervalLow: number | null;
  readonly intervalHigh: number | null;
  readonly intervalMethod: string;
  readonly sampleCount: number;
  readonly adjustedPValue: number | null;
  readonly observed: number | null;
  readonly reference: number | null;
  readonly pooledSequences: readonly number[];
}

export interface VerdictView {
  readonly digest: string;
  readonly outcome: string;
  readonly policyName: string;
  readonly policyDigest: string;
  readonly servedSequence: number;
  readonly judgedTime: string;
  readonly evaluationSets: readonly { name: string; digest: string }[];
  readonly checks: readonly CheckView[];
}

export interface RoundView {
  readonly modelKey: string;
  readonly entry: RoundEntry;
  readonly manifestDigest: string;
  readonly seed: number;
  /** JSON. */
  readonly settings: string;
  readonly requests: readonly {
    requestId: string;
    emitter: string;
    samples: number;
    last: boolean;
  }[];
  readonly verdict: VerdictView | null;
  readonly decidedTime: string;
}

export interface RequestRow {
  readonly requestId: string;
  readonly emitter: string;
  readonly modelKey: string;
  readonly state: string;
  readonly isOpen: boolean;
  readonly regulation: string;
  readonly submittedTime: string;
  readonly deadline: string;
  /** Whole days; negative when overdue. */
  readonly daysLeft: number;
  readonly isExtended: boolean;
  readonly sampleCount: number;
  readonly sequence: number;
}

export interface RequestPage {
  readonly requests: readonly RequestRow[];
  /** Empty: this is the last page. */
  readonly next: string;
  /** All that the filter lets through. */
  readonly total: number;
}

export interface StatusView {
  readonly state: string;
  readonly detail: string;
  readonly time: string;
  readonly sequence: number;
}

export interface RequestView extends RequestRow {
  readonly detail: string;
  /** Oldest first. */
  readonly history: readonly StatusView[];
  readonly deadLetters: readonly DeadLetterView[];
  /** Of a request over several models, whose model is `*`: where it stands in each of them. */
  readonly models: readonly RequestRow[];
  /** The request over several models that this one is part of; empty: none. */
  readonly parentRequestId: string;
  /** With state `duplicate`: the request that did the same before. */
  readonly followsRequestId: string;
  readonly hasCertificate: boolean;
  /** Empty where nothing was traced. */
  readonly traceId: string;
}

export interface DeadLetterView {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly stage: string;
  readonly reason: string;
  readonly errorClass: string;
  readonly attempt: number;
  readonly time: string;
  readonly sizeBytes: number;
  readonly state: string;
  readonly modelKey: string;
  readonly requestId: string;
  readonly emitter: string;
  readonly deadline: string;
  readonly hasBody: boolean;
  readonly decidedBy: string;
  readonly decidedTime: string;
  readonly decisionReason: string;
}

export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetterView[];
  readonly next: string;
  readonly openCount: number;
  readonly openRequestCount: number;
  readonly nearestDeadline: string;
}

export interface AuditEntryView {
  readonly index: number;
  readonly hash: string;
  readonly kind: string;
  readonly time: string;
  readonly actor: string;
  readonly modelKey: string;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface AuditPage {
  /** Entries ever written. */
  readonly size: number;
  readonly head: string;
  /** Newest first. */
  readonly entries: readonly AuditEntryView[];
  /** Give it as `before` for the entries before these; 0: there are none. */
  readonly before: number;
}

/** What went wrong, RFC 9457. */
export interface ProblemDetails {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
}

export interface RollbackAsk {
  readonly sequence: number;
  readonly reason: string;
  readonly override: boolean;
  /** Id of the proposal that this approves; empty: none. */
  readonly approves: string;
  readonly expectedGeneration: number;
}

export interface RollbackAnswer {
  readonly moved: boolean;
  readonly reopenedCount: number;
  readonly proposalId: string;
}

export interface QuarantineAsk {
  readonly sequence: number;
  readonly reason: string;
}

export interface WithdrawAsk {
  readonly requestId: string;
  readonly emitter: string;
  readonly reason: string;
}

export interface ExtendAsk extends WithdrawAsk {
  /** When the person was told. */
  readonly noticeTime: string;
}

export interface DeadLetterAsk {
  readonly id: string;
  readonly reason: string;
  readonly outOfOrder: boolean;
}

export interface DeadLetterAnswer {
  readonly already: boolean;
  readonly note: string;
}
