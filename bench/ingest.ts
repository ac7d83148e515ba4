/**
 * Intake, durable: every receipt is given after request and events are on the disk (two fsyncs per
 * group). The service as it ships, on the embedded bus and store; called in the process and over
 * gRPC from another thread, in batches and one by one, while a consumer reads both topics.
 * node --disable-warning=ExperimentalWarning bench/ingest.ts [--requests N] [--batch N] [--callers N] [--folder DIR] [--json]
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SqliteBus } from '@lethe/bus';
import {
  DeletionRequest,
  IngestServiceClient,
  Mode,
  ModelRegistration,
  sha256,
  topics,
} from '@lethe/contracts';
import { buildTrainingManifest } from '@lethe/datasets';
import { KeyRing } from '@lethe/evidence';
import { createIngestService, incoming } from '@lethe/ingest';
import { LineageStore } from '@lethe/lineage';
import { connect, silentLog, startGrpcServer } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { answerHelp } from './answer-help.ts';

interface Load {
  readonly requests: number;
  /** Requests in one call; 1: one by one. */
  readonly batch: number;
  /** Calls under way at the same time. */
  readonly callers: number;
}

const samples = 50_000;
const rowsPerSubject = 4;
const megabyte = 2 ** 20;

function makeRequest(): DeletionRequest {
  const subject = `user-${Math.floor(Math.random() * (samples / rowsPerSubject))}`;
  return DeletionRequest.fromPartial({
    requestId: randomUUID(),
    modelKey: 'bench',
    scope: { kind: { $case: 'subject', value: subject } },
  });
}

/** Requests per second. */
async function drive(load: Load, submit: (requests: DeletionRequest[]) => Promise<number>) {
  let left = load.requests;
  const start = performance.now();
  const caller = async () => {
    while (left > 0) {
      const size = Math.min(load.batch, left);
      left -= size;
      const receipts = await submit(Array.from({ length: size }, makeRequest));
      if (receipts !== size) throw new Error(`${receipts} receipts for ${size} requests`);
    }
  };
  await Promise.all(Array.from({ length: load.callers }, caller));
  return Math.round((load.requests * 1_000) / (performance.now() - start));
}

/** The load of a gRPC client, in a thread of its own. */
async function clientThread({ address, load }: { address: string; load: Load }): Promise<void> {
  const client = connect(IngestServiceClient, address);
  const rate = await drive(load, async (requests) => {
    if (load.batch === 1) {
      await client.submitDeletion(requests[0]!);
      return 1;
    }
    const { results } = await client.submitDeletions({ requests });
    return results.filter(({ result }) => result?.$case === 'receipt').length;
  });
  await client[Symbol.asyncDispose]();
  parentPort?.postMessage(rate);
}

async function overGrpc(address: string, load: Load): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { address, load } });
  const [rate] = await once(worker, 'message');
  await worker.terminate();
  return rate;
}

async function register(lineage: LineageStore, folder: string): Promise<void> {
  const file = join(folder, 'manifest.sqlite');
  function* entries() {
    for (let row = 0; row < samples; row++) {
      const subject = `user-${Math.floor(row / rowsPerSubject)}`;
      yield { row, sampleId: `s${row}`, sha256: sha256(`${row}`), label: row % 10, subject };
    }
  }
  await buildTrainingManifest(file, entries(), { classCount: 10 });
  const network = await lineage.blobs.put(Buffer.from('a network'));
  await lineage.register(
    ModelRegistration.fromPartial({
      modelKey: 'bench',
      topologyDigest: network,
      weightsDigest: network,
      trainingManifestDigest: await lineage.blobs.put({ file }),
      classCount: 10,
      defaultMode: Mode.MODE_MISCLASSIFY,
    }),
  );
}

async function main(): Promise<void> {
  answerHelp(import.meta.filename);
  const { values: options } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      batch: { type: 'string', default: '1000' },
      callers: { type: 'string', default: '64' },
      folder: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
    },
  });
  const requests = Number(options.requests);
  const batches = { requests, batch: Number(options.batch), callers: 2 };
  const singles = { requests: requests / 5, batch: 1, callers: Number(options.callers) };
  const folder = await mkdtemp(join(options.folder, 'lethe-bench-ingest-'));
  try {
    const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
    const store = await FolderStore.open(join(folder, 'store'));
    const blobs = new BlobStore(store, { cacheFolder: join(folder, 'cache') });
    const lineage = new LineageStore(store, blobs);
    await register(lineage, folder);
    const service = createIngestService({
      bus,
      lineage,
      indexFile: join(folder, 'ingest.sqlite'),
      defaultEmitter: 'bench',
      keys: KeyRing.open(join(folder, 'keys'), new Date()),
      log: silentLog,
    });
    await service.start();
    const submit = async (batch: DeletionRequest[]) => {
      const all = batch.map(incoming);
      const results = await service.intake.submitAll(all);
      return results.filter(({ kind }) => kind === 'receipt').length;
    };

    await drive({ ...batches, requests: requests / 10 }, submit);
    const rates: Record<string, number> = {};
    rates['in process, batches'] = await drive(batches, submit);
    rates['in process, one by one'] = await drive(singles, submit);
    rates['in process, a single caller'] = await drive(
      { requests: requests / 50, batch: 1, callers: 1 },
      submit,
    );
    const server = await startGrpcServer({
      address: '127.0.0.1:0',
      services: service.grpc,
      log: silentLog,
    });
    rates['gRPC, batches'] = await overGrpc(server.address, batches);
    rates['gRPC, one by one'] = await overGrpc(server.address, singles);

    const memory = await throughTheBus(bus, batches, submit);
    await server[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    const result = {
      bench: 'ingest',
      requests,
      batch: batches.batch,
      callers: singles.callers,
      requestsPerSecond: rates,
      memory,
      machine: `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`,
    };
    if (options.json) console.log(JSON.stringify(result));
    else print(result);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes and reads at the same time; resident memory after a fifth of it and at the end, in MB. */
async function throughTheBus(
  bus: SqliteBus,
  load: Load,
  submit: (batch: DeletionRequest[]) => Promise<number>,
) {
  const names = [topics.deletionRequested.name, topics.deletionStatus.name];
  let read = 0;
  const consumption = await bus.consume({
    group: 'bench',
    topics: names,
    onFatal: (error) => {
      throw error;
    },
    async onPartition(partition) {
      while (!partition.lost.aborted) {
        const records = await partition.read(1_000, 100);
        const last = records.at(-1);
        if (last !== undefined) await partition.commit(last.offset + 1n, []);
        read += records.length;
      }
    },
  });
  const residentMb = () => Math.round(process.memoryUsage.rss() / megabyte);
  await drive({ ...load, requests: load.requests / 5 }, submit);
  const early = residentMb();
  const rate = await drive({ ...load, requests: load.requests * 0.8 }, submit);
  const late = residentMb();
  while ((await bus.lag('bench', names)).some(({ lag }) => lag > 0n)) await delay(20);
  await consumption[Symbol.asyncDispose]();
  return { earlyMb: early, lateMb: late, recordsRead: read, requestsPerSecondWithReader: rate };
}

function print({
  requestsPerSecond,
  memory,
  machine,
}: {
  requestsPerSecond: Record<string, number>;
  memory: Awaited<ReturnType<typeof throughTheBus>>;
  machine: string;
}): void {
  console.log(`Intake, requests/s (${machine})`);
  for (const [name, rate] of Object.entries(requestsPerSecond)) {
    console.log(`  ${name.padEnd(30)} ${String(rate).padStart(8)}`);
  }
  console.log(
    `  ${'batches, with a reader'.padEnd(30)} ${String(memory.requestsPerSecondWithReader).padStart(8)}`,
  );
  console.log(
    `  resident memory ${memory.earlyMb} MB after a fifth, ${memory.lateMb} MB at the end`,
  );
}

if (isMainThread) await main();
else await clientThread(workerData);
