/** What the checker is given: what emitters were told, what the store and the topics hold. */
export interface Observed {
  readonly accepted: readonly AcceptedRequest[];
  /** Every object under `models/`, by key. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** SHA-256 of the bytes of a blob as it is stored, by the digest it is stored under. */
  readonly blobs: ReadonlyMap<string, string>;
  /** Records by topic, as a reader with isolation level read_committed sees them. */
  readonly topics: ReadonlyMap<string, readonly TopicRecord[]>;
}

/** A request for which an emitter holds a receipt. */
export interface AcceptedRequest {
  readonly emitter: string;
  readonly requestId: string;
  readonly modelKey: string;
  /** Rows of the training manifest that its scope stands for. */
  readonly rows: readonly number[];
}

export interface TopicRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array;
}

export interface CheckReport {
  /** What must never be; empty when all promises were kept. */
  readonly violations: readonly string[];
  readonly figures: {
    readonly accepted: number;
    /** Accepted, and neither completed nor escalated: in no place of the lineage that ends it. */
    readonly lost: number;
    /** Rows of accepted requests that promoted rounds served more than once. */
    readonly twice: number;
    readonly completed: number;
    readonly escalated: number;
    readonly rounds: number;
    readonly promotions: number;
    readonly refusals: number;
    /** The same verdict or decision once more, byte for byte: consumers drop these by id. */
    readonly repeatedEvents: number;
    /** The same request once more on the requests' topic. */
    readonly repeatedRequests: number;
  };
}
