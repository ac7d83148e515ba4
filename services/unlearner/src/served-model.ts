import { type Backoff, exponentialBackoff, type IncomingRecord } from '@lethe/bus';
import { type DeletionRequested, type Digest, LetheError, type ModelKey } from '@lethe/contracts';
import { openTrainingManifest, type TrainingManifest } from '@lethe/datasets';
import { type Lineage, openLineage } from '@lethe/lineage';
import { deadLetterRecord } from '@lethe/service-kit';
import { progressOf } from './actor-state.ts';
import { admitRequest } from './domain/request-rows.ts';
import * as events from './events.ts';
import { ModelActor, type ModelActorDeps } from './model-actor.ts';
import type { Outlet } from './outlet.ts';

interface Delivery {
  readonly request: DeletionRequested;
  readonly record: IncomingRecord;
}

interface OpenModel extends Disposable {
  readonly lineage: Lineage;
  readonly index: TrainingManifest;
}

type State =
  | { readonly kind: 'opening'; readonly inbox: Delivery[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'open'; readonly model: OpenModel; readonly actor: ModelActor };

/**
 * One model of a partition: its records wait here until its lineage is open, so that trouble
 * with one model (a damaged lineage, a missing blob) keeps back no other.
 */
export class ServedModel {
  readonly #modelKey: ModelKey;
  readonly #outlet: Outlet;
  readonly #deps: ModelActorDeps;
  #state: State = { kind: 'opening', inbox: [] };

  constructor(modelKey: ModelKey, outlet: Outlet, deps: ModelActorDeps) {
    this.#modelKey = modelKey;
    this.#outlet = outlet;
    this.#deps = deps;
  }

  deliver(request: DeletionRequested, record: IncomingRecord): void {
    const state = this.#state;
    switch (state.kind) {
      case 'opening':
        state.inbox.push({ request, record });
        break;
      case 'unknown':
        this.#refuse(record, 'its model is not registered');
        break;
      case 'open': {
        const { lineage, index } = state.model;
        const admission = admitRequest(request, lineage.registration, index);
        if (admission.kind === 'refused') this.#refuse(record, admission.reason);
        else state.actor.offer(request, admission.rows, record.offset);
        break;
      }
      default:
        state satisfies never;
    }
  }

  hint(): void {
    if (this.#state.kind === 'open') this.#state.actor.hint();
  }

  /**
   * Works until `signal` aborts. Returns at once for a model that is not registered, its
   * requests set aside.
   */
  async run(signal: AbortSignal): Promise<void> {
    const opened = await this.#openWhenPossible(signal);
    if (opened === 'cancelled' || opened === 'unknown') {
      this.#deps.board.remove(this.#modelKey);
      if (opened === 'unknown') this.#become({ kind: 'unknown' });
      return;
    }
    using model = opened;
    const actor = new ModelActor(model.lineage, model.index, this.#outlet, this.#deps);
    this.#become({ kind: 'open', model, actor });
    await actor.run(signal);
  }

  /** Leaves the opening state: what waited in it is delivered. */
  #become(state: State): void {
    const inbox = this.#state.kind === 'opening' ? this.#state.inbox : [];
    this.#state = state;
    for (const { request, record } of inbox) this.deliver(request, record);
  }

  /** Seen by those who watch, and by who asks whether this process is ready. */
  #tellBlocked(reason: string): void {
    const facts = {
      modelKey: this.#modelKey,
      nextSequence: 0,
      pendingRequestCount: this.#state.kind === 'opening' ? this.#state.inbox.length : 0,
      time: this.#deps.clock.now(),
    };
    this.#deps.board.publish(progressOf({ kind: 'blocked', reason }, facts));
  }

  #refuse(record: IncomingRecord, reason: string): void {
    events.deadLettered(this.#deps.log, record, reason, this.#outlet.system);
    const time = this.#deps.clock.now();
    const cause = { stage: 'unlearner', reason, errorClass: 'invalid', attempt: 1, time };
    this.#outlet.finish(record.offset, deadLetterRecord(record, cause));
  }

  async #openWhenPossible(signal: AbortSignal): Promise<OpenModel | 'unknown' | 'cancelled'> {
    const backoff: Backoff = exponentialBackoff(500, 30_000);
    const log = this.#deps.log.child({ model: this.#modelKey });
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await this.#openNow();
      } catch (thrown) {
        if (signal.aborted) break;
        const error = LetheError.from(thrown);
        events.blocked(log, this.#modelKey, error, backoff(failures));
        this.#tellBlocked(error.message);
        await this.#deps.clock.sleep(backoff(failures), signal).catch(() => {});
      }
    }
    return 'cancelled';
  }

  async #openNow(): Promise<OpenModel | 'unknown'> {
    const { lineages } = this.#deps;
    const registered = await lineages.registration(this.#modelKey);
    if (registered === undefined) return 'unknown';
    const lineage = await openLineage(lineages, this.#modelKey);
    const file = await lineages.blobs.file(registered.record.trainingManifestDigest as Digest);
    const index = openTrainingManifest(file);
    return { lineage, index, [Symbol.dispose]: () => index[Symbol.dispose]() };
  }
}
