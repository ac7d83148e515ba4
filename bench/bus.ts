/**
 * The embedded bus against bare `node:sqlite` inserts with the same durability (write-ahead log,
 * fsync per commit), on the same disk, in the same run; records per second.
 * node --disable-warning=ExperimentalWarning bench/bus.ts [--seconds S] [--bytes N] [--batch N] [--callers N] [--folder DIR] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteBus } from '@lethe/bus';
import { sqlite } from '@lethe/sqlite';
import { answerHelp } from './answer-help.ts';

answerHelp(import.meta.filename);
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '256' },
    batch: { type: 'string', default: '100' },
    callers: { type: 'string', default: '64' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const batch = Number(options.batch);
const callers = Number(options.callers);
const value = new Uint8Array(Number(options.bytes)).fill(7);
const folder = await mkdtemp(join(options.folder, 'lethe-bench-bus-'));
const keys = Array.from({ length: 1_000 }, (_, index) => `model-${index}`);
const topic = { name: 'bench', partitions: 8, retentionMs: 86_400_000 };
const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    topic: topic.name,
    key: keys[index % keys.length]!,
    value,
  }));

/** Calls `step`, which writes or reads some records and says how many, until the time is up. */
async function rate(step: () => number | Promise<number>): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < seconds * 1_000) done += await step();
  return Math.round((done * 1_000) / (performance.now() - start));
}

/** The peer: one table, one prepared insert, nothing else. */
async function bare(perCommit: number): Promise<number> {
  const db = new sqlite.DatabaseSync(join(folder, `bare-${perCommit}.db`));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE record (id INTEGER PRIMARY KEY, key TEXT, value BLOB)');
  const insert = db.prepare('INSERT INTO record (key, value) VALUES (?, ?)');
  const result = await rate(() => {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < perCommit; i++) insert.run(keys[i % keys.length]!, value);
    db.exec('COMMIT');
    return perCommit;
  });
  db.close();
  return result;
}

const bus = await SqliteBus.open({ file: join(folder, 'bus.db') });
await bus.ensureTopics([topic]);
const [one, many] = [records(1), records(batch)];

const figures = {
  batches: await rate(async () => {
    await bus.publish(many);
    return batch;
  }),
  bareBatches: await bare(batch),
  oneByOne: await rate(async () => {
    await bus.publish(one);
    return 1;
  }),
  bareOneByOne: await bare(1),
  concurrentSingles: await (async () => {
    const rates = Array.from({ length: callers }, () =>
      rate(async () => {
        await bus.publish(one);
        return 1;
      }),
    );
    return (await Promise.all(rates)).reduce((sum, each) => sum + each, 0);
  })(),
  consumed: await consume(),
};
await bus[Symbol.asyncDispose]();
await rm(folder, { recursive: true });

/** Reads what the other parts wrote, a commit per read of at most `batch` records. */
async function consume(): Promise<number> {
  let read = 0;
  const consumption = await bus.consume({
    group: 'bench',
    topics: [topic.name],
    onFatal: (error) => {
      throw error;
    },
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        const some = await partition.read(batch, 1_000);
        const last = some.at(-1);
        if (last === undefined) continue;
        await partition.commit(last.offset + 1n, []);
        read += some.length;
      }
    },
  });
  const start = performance.now();
  const isDone = async () =>
    performance.now() - start > seconds * 1_000 ||
    (await bus.lag('bench', [topic.name])).every(({ lag }) => lag === 0n);
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 10));
  const result = Math.round((read * 1_000) / (performance.now() - start));
  await consumption[Symbol.asyncDispose]();
  return result;
}

const settings = {
  bytes: value.length,
  batch,
  callers,
  cpu: cpus()[0]?.model,
  node: process.version,
};
if (options.json) {
  console.log(JSON.stringify({ unit: 'records/s', ...settings, ...figures }));
} else {
  const share = (ours: number, bareRate: number) =>
    `${(ours / bareRate).toFixed(2)} of bare SQLite`;
  console.log(`${settings.cpu}, Node ${settings.node}, ${value.length} bytes a record; records/s`);
  console.table([
    {
      what: `publish, batches of ${batch}`,
      bus: figures.batches,
      bare: figures.bareBatches,
      share: share(figures.batches, figures.bareBatches),
    },
    {
      what: 'publish, one after the other',
      bus: figures.oneByOne,
      bare: figures.bareOneByOne,
      share: share(figures.oneByOne, figures.bareOneByOne),
    },
    {
      what: `publish, singles of ${callers} callers`,
      bus: figures.concurrentSingles,
      bare: figures.bareOneByOne,
      share: share(figures.concurrentSingles, figures.bareOneByOne),
    },
    { what: `read and commit, up to ${batch}`, bus: figures.consumed },
  ]);
}
