import { DeadLetterResolution, decodeRecord, encodeRecord, LetheError } from '@lethe/contracts';
import { type ObjectStore, putOnce } from '@lethe/store';

/**
 * The audit record of what was decided about dead letters: one decision each, never changed.
 * Adapter: {@link StoreResolutionLog}.
 */
export interface ResolutionLog {
  /**
   * Records a decision unless there is one; the one that counts.
   *
   * @throws LetheError `unavailable`: decide again, the same way
   */
  decide(resolution: DeadLetterResolution): Promise<DeadLetterResolution>;
}

/** Decisions as objects `dead-letters/<id>.json`, put if absent. */
export class StoreResolutionLog implements ResolutionLog {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async decide(resolution: DeadLetterResolution): Promise<DeadLetterResolution> {
    const key = `dead-letters/${resolution.deadLetterId}.json`;
    const bytes = encodeRecord(DeadLetterResolution, resolution);
    const { kind } = await putOnce(this.#store, key, bytes);
    if (kind === 'committed') return resolution;
    const first = await this.#store.get(key);
    if (first === undefined) throw new LetheError('unavailable', `${key} cannot be read back`);
    return decodeRecord(DeadLetterResolution, first.bytes, key);
  }
}
