import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutgoingRecord } from '@lethe/bus';
import { LetheError, type ModelKey, type Receipt } from '@lethe/contracts';
import { type KeyRing, receiptStatement, signStatement, stateWord } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import type { Clock, LegalClocks } from '@lethe/service-kit';
import { activeTraceparent, count } from '@lethe/telemetry';
import { type Acceptance, type AcceptContext, acceptRequest } from './domain/accept-request.ts';
import { acceptFanOut } from './domain/fan-out.ts';
import type { IncomingRequest } from './domain/incoming-request.ts';
import { limits } from './domain/limits.ts';
import { type ParsedRequest, parseRequest } from './domain/parse-request.ts';
import { type IntakeModel, resolveRequest } from './domain/resolve-request.ts';
import type { ReservationQueue, ReservationResult } from './index/reservation-queue.ts';
import type { ModelCatalog } from './models/model-catalog.ts';
import { namedModels, unknownModel } from './models/named-models.ts';

export interface IntakeOptions {
  readonly models: ModelCatalog;
  /** Records that samples were taken out of evaluation sets. */
  readonly exclusions: Pick<LineageStore, 'putExclusion'>;
  readonly queue: ReservationQueue;
  readonly clock: Clock;
  /** Used where a request states no emitter. */
  readonly defaultEmitter: string;
  /** Keys the digests of requests and signs receipts. */
  readonly keys: KeyRing;
  readonly legalClocks: LegalClocks;
}

type Attempt<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'error'; readonly error: LetheError };

/** What became of an event of the intake topic. */
export type TakenEvent =
  /** Taken in, now or before; `records` go out with the offset of the event. */
  | {
      readonly kind: 'taken';
      readonly receipt: Receipt;
      readonly records: readonly OutgoingRecord[];
    }
  | { readonly kind: 'refused'; readonly error: LetheError };

/** Requests looked at before other work of the process gets its turn. */
const perTurn = 256;

/** Takes requests in: parse → resolve → accept (all pure), then reserve and publish. */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** @throws LetheError of the request */
  async submit(
    request: IncomingRequest,
    statedEmitter?: string,
    ownEmitter?: string,
  ): Promise<ReservationResult & { kind: 'receipt' }> {
    const [result] = await this.submitAll([request], statedEmitter, ownEmitter);
    if (result?.kind !== 'receipt') throw result?.error ?? new LetheError('internal', 'no result');
    return result;
  }

  /**
   * A result for each request, in order; one that is refused does not stop the others.
   *
   * @param statedEmitter beside the requests, for example in a header
   * @param ownEmitter the only one that the caller may speak for, where callers are known
   * @throws LetheError `invalid` for too many; `unavailable` or `capacity`: send the same again
   */
  async submitAll(
    requests: readonly IncomingRequest[],
    statedEmitter?: string,
    ownEmitter?: string,
  ): Promise<ReservationResult[]> {
    if (requests.length > limits.batchRequests) {
      throw LetheError.invalid(
        'requests',
        `${requests.length} requests`,
        `has more than ${limits.batchRequests} requests`,
        'Send several batches.',
      );
    }
    const attempts = await this.#excluded(
      await this.#acceptAll(requests, statedEmitter, ownEmitter),
    );
    const accepted = attempts.flatMap((each) => (each.kind === 'ok' ? [each.value] : []));
    const results = accepted.length === 0 ? [] : await this.#options.queue.submit(accepted);
    let next = 0;
    const answers = attempts.map((each) => (each.kind === 'ok' ? results[next++]! : each));
    for (const answer of answers) count('lethe.intake.requests', { outcome: outcomeOf(answer) });
    return answers;
  }

  /**
   * One signature for all of these receipts, as a DSSE envelope. Dated with the newest of them, so
   * that a request that is sent again gets the same bytes.
   */
  sign(receipts: readonly Receipt[]): string {
    const { keys, clock } = this.#options;
    let newestMs = 0;
    for (const { acceptedTime } of receipts) {
      newestMs = Math.max(newestMs, acceptedTime?.getTime() ?? 0);
    }
    const issued = keys.issueTime(new Date(newestMs));
    // What stands for several models has no samples of its own.
    const signed = receipts.flatMap((receipt) =>
      receipt.models.length > 0 ? receipt.models : [receipt],
    );
    return signStatement(receiptStatement(signed, issued), keys.signer(clock.now()));
  }

  /** Results whose receipts are each signed by themselves, for answers that hold nothing beside them. */
  async signEach(results: readonly ReservationResult[]): Promise<ReservationResult[]> {
    const signed: ReservationResult[] = [];
    for (const [at, each] of results.entries()) {
      if (at % perTurn === perTurn - 1) await nextTurn();
      if (each.kind === 'error') signed.push(each);
      else {
        const signedReceipt = this.sign([each.receipt]);
        signed.push({ ...each, receipt: { ...each.receipt, signedReceipt } });
      }
    }
    return signed;
  }

  /**
   * Takes one event of the intake topic in.
   *
   * @param emitter who sends, as its source says
   * @param origin its place on the bus: the same place again is the same event
   * @throws LetheError that time heals: `unavailable`, `capacity` of the disk
   */
  async takeEvent(request: IncomingRequest, emitter: string, origin: string): Promise<TakenEvent> {
    const taken = await this.#takeEvent(request, emitter, origin);
    const answer: ReservationResult =
      taken.kind === 'refused'
        ? { kind: 'error', error: taken.error }
        : { kind: 'receipt', receipt: taken.receipt, isToAnnounce: true };
    count('lethe.intake.requests', { outcome: outcomeOf(answer) });
    return taken;
  }

  async #takeEvent(request: IncomingRequest, emitter: string, origin: string): Promise<TakenEvent> {
    const { clock, defaultEmitter, keys, legalClocks, models, queue } = this.#options;
    const now = clock.now();
    const given = { secret: keys.requestDigestKey(), legalClocks, now };
    const stated = { statedEmitter: undefined, ownEmitter: emitter, defaultEmitter };
    const parsed = attempt(() => parseRequest(request, { now, ...stated }));
    if (parsed.kind === 'error') return refused(parsed.error);
    const find = (modelKey: ModelKey) => models.find(modelKey);
    const found = await attemptAsync(() => namedModels(parsed.value, models, find));
    if (found.kind === 'error') return refused(found.error);
    const accepted = attempt(() => accept(parsed.value, found.value, given));
    if (accepted.kind === 'error') return refused(accepted.error);
    await this.#exclude(accepted.value);
    const [result] = await queue.submit([{ ...accepted.value, origin }]);
    if (result?.kind !== 'receipt') {
      return refused(result?.error ?? new LetheError('internal', 'no result'));
    }
    const { receipt, isToAnnounce } = result;
    if (!isToAnnounce) return { kind: 'taken', receipt, records: [] };
    // Handled before and not committed: the event tells the same as the receipt given then, over
    // the models that were there then.
    const again = { ...given, now: receipt.acceptedTime ?? now };
    const then = new Set(receipt.models.map(({ modelKey }) => modelKey));
    const same = found.value.filter(({ registration }) => then.has(registration.modelKey));
    const { records } = accept(parsed.value, then.size > 0 ? same : found.value, again);
    return { kind: 'taken', receipt, records };
  }

  /** Acceptances whose exclusions are recorded: a receipt that speaks of them is true. */
  async #excluded(attempts: readonly Attempt<Acceptance>[]): Promise<Attempt<Acceptance>[]> {
    const recorded: Attempt<Acceptance>[] = [];
    for (const each of attempts) {
      recorded.push(each);
      if (each.kind === 'error') continue;
      try {
        await this.#exclude(each.value);
      } catch (thrown) {
        recorded.splice(-1, 1, { kind: 'error', error: LetheError.from(thrown) });
      }
    }
    return recorded;
  }

  async #exclude({ exclusions }: Acceptance): Promise<void> {
    for (const each of exclusions) await this.#options.exclusions.putExclusion(each);
  }

  async #acceptAll(
    requests: readonly IncomingRequest[],
    statedEmitter: string | undefined,
    ownEmitter: string | undefined,
  ): Promise<Attempt<Acceptance>[]> {
    const { clock, defaultEmitter, keys, legalClocks } = this.#options;
    const secret = keys.requestDigestKey();
    const context = { now: clock.now(), statedEmitter, ownEmitter, defaultEmitter };
    const known = new Map<ModelKey, IntakeModel | undefined>();
    const find = async (modelKey: ModelKey) => {
      if (!known.has(modelKey)) known.set(modelKey, await this.#options.models.find(modelKey));
      return known.get(modelKey);
    };
    const attempts: Attempt<Acceptance>[] = [];
    let spread = 0;
    for (const [at, request] of requests.entries()) {
      if (at % perTurn === perTurn - 1) await nextTurn();
      const parsed = attempt(() => parseRequest(request, context));
      if (parsed.kind === 'error') {
        attempts.push(parsed);
        continue;
      }
      const models = await attemptAsync(() =>
        namedModels(parsed.value, this.#options.models, find),
      );
      if (models.kind === 'error') {
        attempts.push(models);
        continue;
      }
      spread += models.value.length;
      attempts.push(
        attempt(() => {
          if (spread > limits.batchRequests) throw tooManyModels(spread);
          return accept(parsed.value, models.value, { secret, legalClocks, now: context.now });
        }),
      );
    }
    return attempts;
  }
}

/** @throws `error` when it is none of the request's: the same again may succeed */
function refused(error: LetheError): TakenEvent {
  const isOfRequest = !['unavailable', 'internal', 'corrupt', 'cancelled'].includes(error.code);
  if (!isOfRequest) throw error;
  return { kind: 'refused', error };
}

/** `accepted`, `no_match`, `removed_from_evaluation`, or the code of an error. */
function outcomeOf(answer: ReservationResult): string {
  return answer.kind === 'error' ? answer.error.code : stateWord(answer.receipt.state);
}

/** @param models one where one is named; ascending by key where several are */
function accept(
  parsed: ParsedRequest,
  models: readonly IntakeModel[],
  given: Pick<AcceptContext, 'secret' | 'legalClocks' | 'now'>,
): Acceptance {
  const context = { ...given, traceparent: activeTraceparent() };
  if (parsed.models.kind !== 'one') return acceptFanOut(parsed, models, context);
  const [model] = models;
  if (model === undefined) throw unknownModel(parsed.models.modelKey, 'model_key');
  const { registration } = model;
  return acceptRequest(resolveRequest(parsed, model), { ...context, registration });
}

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { kind: 'ok', value: work() };
  } catch (thrown) {
    return { kind: 'error', error: LetheError.from(thrown) };
  }
}

async function attemptAsync<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'ok', value: await work() };
  } catch (thrown) {
    const error = LetheError.from(thrown);
    // Trouble of the store is nobody's request's fault: the whole call fails.
    if (error.code !== 'not_found' && error.code !== 'capacity') throw thrown;
    return { kind: 'error', error };
  }
}

function tooManyModels(count: number): LetheError {
  return LetheError.invalid(
    'requests',
    `${count} models`,
    `are over more than ${limits.batchRequests} models in all`,
    'Send several batches.',
  );
}
