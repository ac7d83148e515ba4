import type { OutgoingRecord } from '@lethe/bus';

/** The partition, as one of its models sees it. */
export interface Outlet {
  /** Of the bus that the partition is on, as OpenTelemetry names it. */
  readonly system?: string | undefined;
  /** Done with the record at `offset`: the lineage holds it, or it becomes a dead letter. */
  finish(offset: bigint, deadLetter?: OutgoingRecord): void;
  /** Whether the outbox of this manifest went out, under this owner of the partition or another. */
  hasSent(manifest: SentManifest): boolean;
  /**
   * One transaction: these records, which are the outbox of `manifest`, and the committed offset
   * as far as it may move.
   */
  send(records: readonly OutgoingRecord[], manifest: SentManifest): Promise<void>;
}

export interface SentManifest {
  readonly modelKey: string;
  readonly digest: string;
}
