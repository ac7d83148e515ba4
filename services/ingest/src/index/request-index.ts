import type { OutgoingRecord } from '@lethe/bus';

/** What is kept of one request taken in. */
export interface Reservation {
  readonly emitter: string;
  readonly requestId: string;
  /** As first given; later ones get the same bytes. */
  readonly receipt: Uint8Array;
  readonly records: readonly OutgoingRecord[];
  /**
   * Record of the intake topic that it came in: `topic/partition/offset`. Its records then go out
   * in the transaction that commits that offset, and not through the outbox.
   */
  readonly origin?: string;
}

export type ReserveOutcome =
  | { readonly kind: 'reserved' }
  /** The id was taken before: what was answered then. */
  | {
      readonly kind: 'known';
      readonly receipt: Uint8Array;
      /** By the same record: its offset was not committed, so its records did not go out. */
      readonly isSameOrigin: boolean;
    };

/** Records that must reach the bus, and the tag to confirm them with. */
export interface OutboxEntry {
  readonly tag: number;
  readonly records: readonly OutgoingRecord[];
}

export interface ReserveResult {
  /** In the order of the reservations. */
  readonly outcomes: readonly ReserveOutcome[];
  /** What of them is not confirmed: new ones, and known ones whose publishing never succeeded. */
  readonly outbox: readonly OutboxEntry[];
}

/**
 * Which requests were taken in, by emitter and request id, and which of their records may not have
 * reached the bus yet. Adapter: {@link SqliteRequestIndex}.
 */
export interface RequestIndex extends Disposable {
  /** All of them or none; durable when it returns. The first of two with one id wins. */
  reserve(reservations: readonly Reservation[]): ReserveResult;
  /** Forgets outbox entries. May be lost in a crash: the records are then published again. */
  confirm(tags: readonly number[]): void;
  /** The oldest unconfirmed entry after `afterTag`. */
  nextUnconfirmed(afterTag: number): OutboxEntry | undefined;
}
