/** A status of a request on its way to its emitter. */
export interface CallbackView {
  /** The same for every attempt. */
  readonly id: string;
  readonly emitter: string;
  readonly requestId: string;
  readonly modelKey: string;
  /** What its emitter is told. */
  readonly requestState: string;
  /** `pending`, `delivered` or `failed`. */
  readonly state: string;
  readonly attempts: number;
  readonly createdTime: string;
  readonly lastAttemptTime: string;
  /** Only while it is pending. */
  readonly nextAttemptTime: string;
  /** Of the last attempt; 0 when nobody answered. */
  readonly httpStatus: number;
  /** Why the last attempt failed. */
  readonly problem: string;
}

export interface CallbackPage {
  /** In the order of their ids; may be fewer than asked for although there is a next page. */
  readonly callbacks: readonly CallbackView[];
  readonly next: string;
  /** Whether anybody is to be called at all. */
  readonly isConfigured: boolean;
}

export interface CallbackReplayAsk {
  readonly id: string;
}
