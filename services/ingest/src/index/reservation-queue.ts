import { exponentialBackoff, type MessageBus, type OutgoingRecord } from '@lethe/bus';
import { LetheError, Receipt } from '@lethe/contracts';
import { type Clock, duplicateDropped, encodeMessage, type Log } from '@lethe/service-kit';
import type { Acceptance } from '../domain/accept-request.ts';
import type { RequestIndex, ReserveOutcome } from './request-index.ts';

export type ReservationResult =
  | {
      readonly kind: 'receipt';
      readonly receipt: Receipt;
      /** Of an event whose records its transaction has to carry. */
      readonly isToAnnounce: boolean;
    }
  | { readonly kind: 'error'; readonly error: LetheError };

interface Waiting {
  readonly acceptances: readonly Acceptance[];
  readonly resolve: (results: ReservationResult[]) => void;
  readonly reject: (error: LetheError) => void;
}

/** Requests that share one fsync; more wait for the next. */
const maxGroup = 2_000;
/** What the bus takes in one call. */
const maxPublished = 10_000;

/**
 * Makes acceptances durable, then public: reserve (fsync) → publish (fsync) → confirm. Requests
 * that arrive while a group is being written form the next one, so that many single requests
 * share the fsyncs.
 *
 * Invariants:
 * 1. A receipt is given only after request and event bytes are on the disk and on the bus.
 * 2. One group at a time: what a later group finds unconfirmed was never acknowledged by the bus.
 * 3. What is on the disk and not on the bus is published by {@link recover}, by a retry in the
 *    background, or when its sender asks again.
 */
export class ReservationQueue implements AsyncDisposable {
  readonly #index: RequestIndex;
  readonly #bus: MessageBus;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #backoff = exponentialBackoff();
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;

  constructor(options: { index: RequestIndex; bus: MessageBus; clock: Clock; log: Log }) {
    this.#index = options.index;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Results in order. @throws LetheError `unavailable` or `capacity`: send the same again */
  submit(acceptances: readonly Acceptance[]): Promise<ReservationResult[]> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ acceptances, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Publishes what a former life reserved and could not publish; the number of its records. */
  async recover(): Promise<number> {
    let published = 0;
    for (let entry = this.#index.nextUnconfirmed(0); entry; ) {
      await this.#publish(entry.records);
      this.#index.confirm([entry.tag]);
      published += entry.records.length;
      entry = this.#index.nextUnconfirmed(entry.tag);
    }
    return published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#recovering;
  }

  async #run(): Promise<void> {
    // Everything that arrives in this turn of the event loop joins the first group.
    await new Promise((turn) => setImmediate(turn));
    while (this.#waiting.length > 0) await this.#write(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let size = 0;
    const cut = this.#waiting.findIndex((waiting, at) => {
      size += waiting.acceptances.length;
      return at > 0 && size > maxGroup;
    });
    return this.#waiting.splice(0, cut === -1 ? this.#waiting.length : cut);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      const acceptances = group.flatMap((waiting) => waiting.acceptances);
      const { outcomes, outbox } = this.#index.reserve(
        acceptances.map((acceptance) => ({
          ...acceptance,
          receipt: encodeMessage(Receipt, acceptance.receipt),
        })),
      );
      await this.#publishOrRetryLater(outbox.flatMap((entry) => entry.records));
      this.#index.confirm(outbox.map((entry) => entry.tag));
      let from = 0;
      for (const { acceptances: part, resolve } of group) {
        resolve(part.map((acceptance, at) => resultOf(acceptance, outcomes[from + at]!)));
        from += part.length;
      }
    } catch (thrown) {
      const error = LetheError.from(thrown);
      for (const { reject } of group) reject(error);
    }
  }

  async #publishOrRetryLater(records: readonly OutgoingRecord[]): Promise<void> {
    try {
      await this.#publish(records);
    } catch (cause) {
      this.#recovering ??= this.#recoverLater();
      const message = `the request is safe but could not be announced: ${LetheError.from(cause).message} Send it again with the same request id.`;
      throw new LetheError('unavailable', message, { cause });
    }
  }

  async #publish(records: readonly OutgoingRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += maxPublished) {
      await this.#bus.publish(records.slice(from, from + maxPublished));
    }
  }

  async #recoverLater(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await this.#clock.sleep(this.#backoff(attempt), signal).catch(() => {});
      try {
        if (!signal.aborted) await this.recover();
        break;
      } catch (error) {
        this.#log.warn('announcing reserved requests failed', { attempt, error });
      }
    }
    this.#recovering = undefined;
  }
}

function resultOf(acceptance: Acceptance, outcome: ReserveOutcome): ReservationResult {
  switch (outcome.kind) {
    case 'reserved':
      return {
        kind: 'receipt',
        receipt: acceptance.receipt,
        isToAnnounce: acceptance.origin !== undefined,
      };
    case 'known': {
      const receipt = Receipt.decode(outcome.receipt);
      const isSame = receipt.requestDigest === acceptance.requestDigest;
      if (isSame) duplicateDropped('ingest');
      return isSame
        ? { kind: 'receipt', receipt, isToAnnounce: outcome.isSameOrigin }
        : { kind: 'error', error: usedBefore(acceptance) };
    }
    default:
      return outcome satisfies never;
  }
}

function usedBefore({ requestId, emitter }: Acceptance): LetheError {
  const description = `was used by emitter ${emitter} for another request`;
  const remedy = 'Make a new id for a new request; to retry, send exactly the same.';
  return new LetheError('conflict', `request_id = "${requestId}": ${description}. ${remedy}`, {
    violations: [{ field: 'request_id', value: requestId, description, remedy }],
  });
}

function closed(): LetheError {
  return new LetheError('unavailable', 'intake is closing. Send the request again.');
}
