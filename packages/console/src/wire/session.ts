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
  | { readonly kind: 'callbacks' }
  | { readonly kind: 'audit-log' };

/** The first event of a stream. */
export interface Hello {
  readonly page: string;
}

/** What went wrong, RFC 9457. */
export interface ProblemDetails {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
}
