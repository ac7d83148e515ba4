/**
 * The S3 adapter against bare minio-js on the same MinIO, in one run, turn about: operations per
 * second with so many callers at once.
 * node --disable-warning=ExperimentalWarning bench/store.ts [--seconds S] [--turns N] [--bytes N] [--big N] [--callers N] [--drives 1|4] [--json]
 *
 * Starts a MinIO of its own (npm run servers:install), or uses LETHE_TEST_S3=http://key:secret@host:port.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { applyBucket, MinioStore } from '@lethe/store';
import { Client } from 'minio';
import { configured, openTestS3, type TestS3 } from '../test/support/servers/available-servers.ts';
import { MinioServer } from '../test/support/servers/minio-server.ts';
import { answerHelp } from './answer-help.ts';

answerHelp(import.meta.filename);
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    turns: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '2000' },
    big: { type: 'string', default: String(4 * 2 ** 20) },
    callers: { type: 'string', default: '16' },
    drives: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const turns = Number(options.turns);
const callers = Number(options.callers);
const record = randomBytes(Number(options.bytes));
const blob = randomBytes(Number(options.big));

/** One operation of either side, by a caller with a name of its own. */
type Operation = (caller: number) => Promise<unknown>;
interface Pair {
  readonly what: string;
  readonly ours: Operation;
  readonly bare: Operation;
}

async function open(): Promise<TestS3> {
  if (configured.minio !== undefined) return await openTestS3();
  return await MinioServer.start({ drives: options.drives === '4' ? 4 : 1 });
}

const s3 = await open();
const url = new URL(s3.url);
const bucket = `bench-${randomUUID()}`;
const keys = { accessKey: s3.accessKey, secretKey: s3.secretKey };
const place = { host: url.hostname, port: Number(url.port), tls: url.protocol === 'https:' };
const storeOptions = { ...place, bucket, prefix: '', secrets: () => keys, maxConnections: callers };
await applyBucket(storeOptions);
const store = new MinioStore(storeOptions);
const client = new Client({
  endPoint: place.host,
  port: place.port,
  useSSL: place.tls,
  region: 'us-east-1',
  ...keys,
});

const ifNoneMatch = { 'If-None-Match': '*' };
const ifAbsent = { kind: 'if-absent' } as const;
await store.put('read', record);
await store.put('read-big', blob);
const tags = new Map<string, string>();

const pairs: readonly Pair[] = [
  {
    what: `put if absent, ${record.length} B`,
    ours: () => store.put(`a/${randomUUID()}`, record, ifAbsent),
    bare: () => client.putObject(bucket, `b/${randomUUID()}`, record, record.length, ifNoneMatch),
  },
  {
    what: `put if match, ${record.length} B`,
    ours: async (caller) => {
      const key = `c/${caller}`;
      const etag = tags.get(key);
      const body = randomBytes(record.length);
      const condition = etag === undefined ? undefined : ({ kind: 'if-match', etag } as const);
      const outcome = await store.put(key, body, condition);
      if (outcome.kind === 'refused') throw new Error('nobody else writes here');
      tags.set(key, outcome.etag);
    },
    bare: async (caller) => {
      const key = `d/${caller}`;
      const etag = tags.get(key);
      const body = randomBytes(record.length);
      const headers = etag === undefined ? {} : { 'If-Match': etag };
      tags.set(key, (await client.putObject(bucket, key, body, body.length, headers)).etag);
    },
  },
  {
    what: `get, ${record.length} B`,
    ours: () => store.get('read'),
    bare: async () => await buffer(await client.getObject(bucket, 'read')),
  },
  {
    what: `put, ${(blob.length / 2 ** 20).toFixed(1)} MiB`,
    ours: (caller) => store.put(`e/${caller}`, blob),
    bare: (caller) => client.putObject(bucket, `f/${caller}`, blob, blob.length),
  },
  {
    what: `get, ${(blob.length / 2 ** 20).toFixed(1)} MiB`,
    ours: () => store.get('read-big'),
    bare: async () => await buffer(await client.getObject(bucket, 'read-big')),
  },
];

/** Operations that all callers finish in the time, and how long that took. */
async function run(operation: Operation): Promise<{ done: number; ms: number }> {
  const start = performance.now();
  const counts = Array.from({ length: callers }, async (_, caller) => {
    let done = 0;
    for (; performance.now() - start < seconds * 1_000; done++) await operation(caller);
    return done;
  });
  const done = (await Promise.all(counts)).reduce((sum, each) => sum + each, 0);
  return { done, ms: performance.now() - start };
}

async function compare({ what, ours, bare }: Pair) {
  const total = { ours: { done: 0, ms: 0 }, bare: { done: 0, ms: 0 } };
  for (let turn = 0; turn < turns; turn++) {
    // Who goes first changes: the server is busier after the first.
    const sides = turn % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
    for (const side of sides) {
      const { done, ms } = await run(side === 'ours' ? ours : bare);
      total[side].done += done;
      total[side].ms += ms;
    }
  }
  const rate = ({ done, ms }: { done: number; ms: number }) => (done * 1_000) / ms;
  const [a, b] = [rate(total.ours), rate(total.bare)];
  return { what, store: round(a), bare: round(b), ratio: Number((a / b).toFixed(2)) };
}

function round(rate: number): number {
  return Number(rate.toPrecision(3));
}

const before = process.memoryUsage().rss;
const figures: Awaited<ReturnType<typeof compare>>[] = [];
try {
  for (const pair of pairs) figures.push(await compare(pair));
} finally {
  await store[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
}
const settings = {
  callers,
  drives: options.drives,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  load: loadavg()[0]?.toFixed(1),
  grewMiB: Math.round((process.memoryUsage().rss - before) / 2 ** 20),
};
if (options.json) {
  console.log(JSON.stringify({ unit: 'operations/s', ...settings, figures }));
} else {
  console.log(
    `${settings.cpu} (${settings.cores} cores, load ${settings.load}), Node ${settings.node}, ${callers} callers, MinIO on ${options.drives} drive(s); operations/s`,
  );
  console.table(figures);
}
