/**
 * A program to be killed: publishes batches and copies `in` to `out` in transactions, and prints
 * a line for each thing that was acknowledged. Arguments: file, number of the run, seed.
 */
import { SqliteBus } from '../src/sqlite-bus.ts';

/** What the program promises by a line of its output (JSON). */
export type Acknowledgement =
  | { readonly kind: 'published'; readonly batch: string; readonly size: number }
  | { readonly kind: 'committed'; readonly partition: number; readonly nextOffset: number };

const [file = '', run = '0', seed = '1'] = process.argv.slice(2);

/** Mulberry32: small, seeded, good enough to vary batch sizes. */
function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function acknowledge(acknowledgement: Acknowledgement): void {
  process.stdout.write(`${JSON.stringify(acknowledgement)}\n`);
}

async function publishForever(bus: SqliteBus, publisher: number): Promise<void> {
  const next = random(Number(seed) * 1_000 + Number(run) * 10 + publisher);
  for (let sequence = 0; ; sequence++) {
    const batch = `${run}-${publisher}-${sequence}`;
    const size = 1 + Math.floor(next() * 20);
    await bus.publish(
      Array.from({ length: size }, (_, index) => ({
        topic: 'in',
        key: `key-${Math.floor(next() * 16)}`,
        value: new TextEncoder().encode(`${batch}/${index}/${size}`),
      })),
    );
    acknowledge({ kind: 'published', batch, size });
  }
}

const bus = await SqliteBus.open({ file });
await bus.ensureTopics([
  { name: 'in', partitions: 4, retentionMs: 86_400_000 },
  { name: 'out', partitions: 4, retentionMs: 86_400_000 },
]);
await bus.consume({
  group: 'copy',
  topics: ['in'],
  onFatal: (error) => {
    throw error;
  },
  onPartition: async (partition) => {
    while (!partition.lost.aborted) {
      const records = await partition.read(50, 60_000);
      const last = records.at(-1);
      if (last === undefined) continue;
      const copies = records.map(({ key, value }) => ({ topic: 'out', key, value }));
      await partition.commit(last.offset + 1n, copies);
      const nextOffset = Number(last.offset) + 1;
      acknowledge({ kind: 'committed', partition: partition.partition, nextOffset });
    }
  },
});
await Promise.all([publishForever(bus, 0), publishForever(bus, 1)]);
