/** What is written into the audit log. */
export type AuditKind =
  | 'verdict'
  | 'promotion'
  | 'refusal'
  | 'rollback'
  | 'override'
  | 'approval'
  | 'quarantine'
  | 'purge'
  | 'blobs_collected'
  | 'request_cancelled'
  | 'request_denied'
  | 'request_extended'
  | 'request_escalated'
  | 'request_expired'
  | 'dlq_dropped'
  | 'dlq_replayed'
  | 'access_refused'
  | 'log_pruned';

/** Something that somebody decided or did. Holds no person, subject or sample. */
export interface AuditEvent {
  /** Names the event, so that it is written once however often it is reported. */
  readonly id: string;
  readonly kind: AuditKind;
  readonly time: Date;
  /** Who: a service, or the identity of an operator. */
  readonly actor: string;
  /** Empty where no model is concerned. */
  readonly modelKey: string;
  /** Digests, sequences, reasons; at most 500 characters each. */
  readonly details: Readonly<Record<string, string | number>>;
}
