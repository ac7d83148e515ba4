/**
 * Bugs that break promise P1, planted into an unlearner to see the checker find them. They are
 * put into the compiled code of the one process that asks for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageBus } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { requestKey } from '@lethe/lineage';
import { OffsetWindow } from '@lethe/service-kit';
import { busWithPartitions, storeWith } from '@lethe/service-kit/testing';
import type { ObjectStore } from '@lethe/store';

export const plantedBugs = ['skip-dedupe', 'early-offsets', 'no-fencing'] as const;
export type PlantedBug = (typeof plantedBugs)[number];

const compiled = (path: string) => new URL(`../../../${path}`, import.meta.url).href;

/** Requests that come again are not looked up in the lineage: what is in it is applied again. */
export async function skipDedupe(): Promise<void> {
  const { RequestBook } = (await import(
    compiled('packages/lineage/dist/request-book.js')
  )) as typeof import('../../../packages/lineage/src/request-book.ts');
  const { ModelQueue } = (await import(
    compiled('services/unlearner/dist/domain/model-queue.js')
  )) as typeof import('../../../services/unlearner/src/domain/model-queue.ts');
  const offered = new Set<string>();
  const appliedSince = new Set<string>();
  const { offer } = ModelQueue.prototype;
  ModelQueue.prototype.offer = function (request, ...rest) {
    offered.add(requestKey(request));
    offer.call(this, request, ...rest);
  };
  const { enter, progress } = RequestBook.prototype;
  RequestBook.prototype.enter = function (parts) {
    for (const { key } of parts) if (offered.has(key)) appliedSince.add(key);
    enter.call(this, parts);
  };
  RequestBook.prototype.progress = function (key) {
    const forgotten = offered.has(key) && !appliedSince.has(key);
    return forgotten ? { kind: 'unknown' } : progress.call(this, key);
  };
}

/** A request counts as handled when it was read, not when the lineage holds it. */
export function commitOffsetsEarly(): void {
  const { add } = OffsetWindow.prototype;
  OffsetWindow.prototype.add = function (offset) {
    add.call(this, offset);
    this.settle(offset);
  };
}

/** Manifests overwrite what is there. */
export function withoutConditions(store: ObjectStore): ObjectStore {
  return storeWith(store, {
    put: (key, body, condition) =>
      store.put(key, body, key.includes('/manifests/') ? undefined : condition),
  });
}

/** Whoever once owned a partition goes on as if nothing had happened. */
export function withoutFencing(bus: MessageBus): MessageBus {
  return busWithPartitions(bus, (partition) => ({
    lost: new AbortController().signal,
    async read(limit, waitMs) {
      if (!partition.lost.aborted) return await partition.read(limit, waitMs);
      await sleep(waitMs);
      return [];
    },
    async commit(nextOffset, records, mark) {
      try {
        await partition.commit(nextOffset, records, mark);
      } catch (thrown) {
        if (LetheError.from(thrown).code !== 'fenced') throw thrown;
        await bus.publish(records);
      }
    },
  }));
}
