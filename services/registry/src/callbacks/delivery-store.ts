/**
 * Deliveries as objects, so that any registry can go on with them:
 *
 *     callbacks/pending/<id>.<partition>.<emitter>.json
 *     callbacks/delivered/<id>.json
 *     callbacks/failed/<id>.json
 *
 * The end is written before the pending object is deleted: where both are there, the end counts.
 */
import { CallbackDelivery, CallbackState, decodeRecord, encodeRecord } from '@lethe/contracts';
import type { ObjectStore } from '@lethe/store';

/** What the name of a pending delivery tells. */
export interface PendingName {
  readonly id: string;
  readonly partition: number;
  readonly emitter: string;
}

export interface WaitingName extends PendingName {
  /** When it was last tried, or written; milliseconds since 1970. */
  readonly modifiedMs: number;
}

export type EndFolder = 'delivered' | 'failed';
export type DeliveryFolder = 'pending' | EndFolder;

export const folderOf = {
  [CallbackState.CALLBACK_STATE_UNSPECIFIED]: 'failed',
  [CallbackState.CALLBACK_STATE_PENDING]: 'pending',
  [CallbackState.CALLBACK_STATE_DELIVERED]: 'delivered',
  [CallbackState.CALLBACK_STATE_FAILED]: 'failed',
} as const satisfies Record<CallbackState, DeliveryFolder>;

/** Lists read objects one after the other too slowly from a store that is far away. */
const readsAtOnce = 16;
const pendingPattern = /^callbacks\/pending\/([0-9a-f]{64})\.(\d+)\.(.+)\.json$/;

export class DeliveryStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Pending deliveries of a partition of the status topic, those after `after` only. */
  async *pendingOf(partition: number, after?: PendingName): AsyncGenerator<WaitingName> {
    const from = after === undefined ? {} : { after: pendingKey(after) };
    for await (const { key, modifiedMs } of this.#store.list('callbacks/pending/', from)) {
      const name = parsePending(key);
      if (name?.partition === partition) yield { ...name, modifiedMs };
    }
  }

  async pending(name: PendingName): Promise<CallbackDelivery | undefined> {
    return await this.#read(pendingKey(name));
  }

  async putPending(name: PendingName, delivery: CallbackDelivery): Promise<void> {
    await this.#write(pendingKey(name), delivery);
  }

  async deletePending(name: PendingName): Promise<void> {
    await this.#store.deleteAllVersions(pendingKey(name));
  }

  async end(id: string): Promise<CallbackDelivery | undefined> {
    return (await this.#read(endKey('delivered', id))) ?? (await this.#read(endKey('failed', id)));
  }

  async putEnd(folder: EndFolder, delivery: CallbackDelivery): Promise<void> {
    await this.#write(endKey(folder, delivery.id), delivery);
  }

  /** What a replay begins with: no end of a former life. */
  async forgetEnd(id: string): Promise<void> {
    await this.#store.deleteAllVersions(endKey('delivered', id));
    await this.#store.deleteAllVersions(endKey('failed', id));
  }

  /** In whatever state it is. */
  async find(id: string): Promise<CallbackDelivery | undefined> {
    const end = await this.end(id);
    if (end !== undefined) return end;
    for await (const { key } of this.#store.list(`callbacks/pending/${id}.`)) {
      return await this.#read(key);
    }
    return undefined;
  }

  /** In the order of their ids, those after `afterId`. */
  async *list(folder: DeliveryFolder, afterId: string): AsyncGenerator<CallbackDelivery> {
    // "/" comes after "." and before "0": it follows every name that begins with the id.
    const after = afterId === '' ? {} : { after: `callbacks/${folder}/${afterId}/` };
    let keys: string[] = [];
    for await (const { key } of this.#store.list(`callbacks/${folder}/`, after)) {
      if (keys.push(key) < readsAtOnce) continue;
      yield* await this.#readAll(keys);
      keys = [];
    }
    yield* await this.#readAll(keys);
  }

  /** How many were given up, up to `most`. */
  async countFailed(most: number): Promise<number> {
    let count = 0;
    for await (const _ of this.#store.list('callbacks/failed/')) {
      count += 1;
      if (count === most) break;
    }
    return count;
  }

  /** Forgets what was delivered before `time`; how many. */
  async prune(time: Date): Promise<number> {
    let pruned = 0;
    for await (const { key, modifiedMs } of this.#store.list('callbacks/delivered/')) {
      if (modifiedMs >= time.getTime()) continue;
      await this.#store.deleteAllVersions(key);
      pruned += 1;
    }
    return pruned;
  }

  /** In their order, without what is gone meanwhile. */
  async #readAll(keys: readonly string[]): Promise<CallbackDelivery[]> {
    const found = await Promise.all(keys.map((key) => this.#read(key)));
    return found.flatMap((delivery) => delivery ?? []);
  }

  async #read(key: string): Promise<CallbackDelivery | undefined> {
    const stored = await this.#store.get(key);
    return stored && decodeRecord(CallbackDelivery, stored.bytes, key);
  }

  async #write(key: string, delivery: CallbackDelivery): Promise<void> {
    await this.#store.put(key, encodeRecord(CallbackDelivery, delivery));
  }
}

function pendingKey({ id, partition, emitter }: PendingName): string {
  return `callbacks/pending/${id}.${partition}.${emitter}.json`;
}

function endKey(folder: EndFolder, id: string): string {
  return `callbacks/${folder}/${id}.json`;
}

function parsePending(key: string): PendingName | undefined {
  const [, id, partition, emitter] = pendingPattern.exec(key) ?? [];
  if (id === undefined || emitter === undefined) return undefined;
  return { id, partition: Number(partition), emitter };
}
