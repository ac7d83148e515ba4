import { expect } from 'vitest';
import type { OwnedPartition } from '../message-bus.ts';
import { type BusContract, type Case, rethrow, until } from './fixture.ts';

/** Many records. */
export function volumeCases(check: Case, contract: BusContract): void {
  check('carries many records through two groups in flat memory', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'many', 8);
    const total = contract.manyRecords ?? 100_000;
    const value = new Uint8Array(1024);
    let handled = 0;
    const counting = async (partition: OwnedPartition) => {
      let expected = 0n;
      while (!partition.lost.aborted) {
        const records = await partition.read(500, 60_000);
        const last = records.at(-1);
        if (last === undefined) continue;
        if (records[0]?.offset !== expected) throw new Error(`gap at ${expected}`);
        expected = last.offset + 1n;
        await partition.commit(expected, []);
        handled += records.length;
      }
    };
    const consuming = {
      group: fixture.name('g1'),
      topics: [topic],
      onFatal: rethrow,
      onPartition: counting,
    };
    await bus.consume(consuming);
    await bus.consume({ ...consuming, group: fixture.name('g2') });
    const collect = await garbageCollector();
    const usedBytes = async () => {
      collect();
      // Memory outside the heap is given back a turn later; what still counts then is in use.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = await usedBytes();
    let peak = before;
    for (let sent = 0; sent < total; sent += 1_000) {
      const keys = Array.from({ length: 1_000 }, (_, index) => `key-${sent + index}`);
      await bus.publish(keys.map((key) => ({ topic, key, value })));
      if (sent % 20_000 === 0) peak = Math.max(peak, await usedBytes());
    }
    await until(() => handled === 2 * total);
    peak = Math.max(peak, await usedBytes());
    // A hundred megabytes went through; what is held is a few batches of half a megabyte.
    expect(peak - before).toBeLessThan(32 * 1024 * 1024);
  });
}

async function garbageCollector(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import('node:v8'),
    import('node:vm'),
  ]);
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
