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
