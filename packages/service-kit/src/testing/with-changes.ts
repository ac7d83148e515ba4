import type { MessageBus, OwnedPartition } from '@lethe/bus';
import type { ObjectStore } from '@lethe/store';

/** The store with some of its methods replaced. */
export function storeWith(store: ObjectStore, change: Partial<ObjectStore>): ObjectStore {
  return {
    get: (key) => store.get(key),
    download: (key, file) => store.download(key, file),
    put: (key, body, condition) => store.put(key, body, condition),
    list: (prefix, options) => store.list(prefix, options),
    deleteAllVersions: (key) => store.deleteAllVersions(key),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    ...change,
  };
}

/** The bus with some of its methods replaced. */
export function busWith(bus: MessageBus, change: Partial<MessageBus>): MessageBus {
  return {
    ensureTopics: (specs) => bus.ensureTopics(specs),
    publish: (records) => bus.publish(records),
    consume: (options) => bus.consume(options),
    lag: (group, topics) => bus.lag(group, topics),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    ...change,
  };
}

/** The bus, every partition that it hands over changed. */
export function busWithPartitions(
  bus: MessageBus,
  change: (partition: OwnedPartition) => Partial<OwnedPartition>,
): MessageBus {
  return busWith(bus, {
    consume: (options) =>
      bus.consume({
        ...options,
        onPartition: (partition) =>
          options.onPartition({
            topic: partition.topic,
            partition: partition.partition,
            start: partition.start,
            lost: partition.lost,
            read: (limit, waitMs) => partition.read(limit, waitMs),
            commit: (nextOffset, records, mark) => partition.commit(nextOffset, records, mark),
            ...change(partition),
          }),
      }),
  });
}
