/**
 * The registry's figures: what serves, what served when, promotion races, a year of requests,
 * restart to ready.
 * node --disable-warning=ExperimentalWarning bench/registry.ts [--versions N] [--requests N] [--races N] [--calls N] [--json]
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteBus } from '@lethe/bus';
import {
  DeletionStatus,
  encodeRecord,
  ModelRegistration,
  RegistryServiceClient,
  ReleaseServiceClient,
  RequestServiceClient,
  RequestState,
  ServingPointer,
  sha256,
} from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { LineageStore, moveKey, servingKey } from '@lethe/lineage';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import { connect, readConfig, silentLog, startGrpcServer } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { RequestProjection } from '../services/registry/src/requests/request-projection.ts';

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '100000' },
    requests: { type: 'string', default: '1000000' },
    races: { type: 'string', default: '10000' },
    calls: { type: 'string', default: '2000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'bench/registry.ts [--versions N] [--requests N] [--races N] [--calls N] [--json]\n',
  );
  process.exit(0);
}
const versions = Number(values.versions);
const requests = Number(values.requests);
const races = Number(values.races);
const calls = Number(values.calls);
const racers = 32;
const startMs = Date.UTC(2026, 0, 1);

const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-registry-'));
const store = await FolderStore.open(join(folder, 'store'));
const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
try {
  const lineage = new LineageStore(store, new BlobStore(store));
  const original = await lineage.blobs.put(Buffer.from('original'));
  for (const modelKey of ['history', 'race']) {
    await lineage.register(
      ModelRegistration.fromPartial({
        modelKey,
        topologyDigest: original,
        weightsDigest: original,
        trainingManifestDigest: original,
        registeredTime: new Date(startMs),
      }),
    );
  }
  await writeHistory();
  const raceSeconds = await runRaces(lineage);

  const projectionFile = join(folder, 'registry.sqlite');
  const projectedPerSecond = projectRequests(projectionFile);

  const before = performance.now();
  const service = createRegistryService({
    bus,
    lineage,
    projectionFile,
    keys: KeyRing.open(join(folder, 'keys'), new Date()),
    retention: retentionOf(readConfig(registrySettings, { env: {}, argv: [] })),
    log: silentLog,
    onFatal: (error) => {
      throw error;
    },
  });
  await service.start();
  const readySeconds = (performance.now() - before) / 1000;
  const server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    log: silentLog,
  });
  const registry = connect(RegistryServiceClient, server.address);
  const release = connect(ReleaseServiceClient, server.address);
  // Beside what a registry does right after its start, and again when that is done.
  const servingAtStart = await percentiles(() => registry.getServing({ modelKey: 'history' }));
  const servingAt = await percentiles(() =>
    release.getServingAt({
      modelKey: 'history',
      time: new Date(startMs + Math.floor(1 + Math.random() * versions) * 1000),
    }),
  );
  const getRequest = await percentiles(() =>
    registry.getRequest({ requestId: idOf(Math.floor(Math.random() * requests)), emitter: '' }),
  );
  const serving = await percentiles(() => registry.getServing({ modelKey: 'history' }));
  const requestService = connect(RequestServiceClient, server.address);
  const sinceReport = performance.now();
  const report = await requestService.getReport({ year: 2026, modelKey: '', regulation: 0 });
  const reportSeconds = (performance.now() - sinceReport) / 1000;
  if (report.received !== BigInt(requests)) throw new Error(`the report counts ${report.received}`);
  const result = {
    versions,
    requests,
    projectedPerSecond,
    getRequestMs: getRequest,
    reportSeconds: Number(reportSeconds.toFixed(2)),
    races,
    racers,
    racesPerSecond: Number((races / raceSeconds).toFixed(1)),
    forks: 0,
    readySeconds: Number(readySeconds.toFixed(2)),
    getServingAtStartMs: servingAtStart,
    getServingMs: serving,
    getServingAtMs: servingAt,
    rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
    machine: `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  };
  process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
  await registry[Symbol.asyncDispose]();
  await requestService[Symbol.asyncDispose]();
  await release[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
} finally {
  await bus[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

function idOf(at: number): string {
  return `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
}

/** A year of requests, taken in as the registry takes them from the topic; all but one in a hundred ended. */
function projectRequests(file: string): number {
  const projection = RequestProjection.open(file);
  const since = performance.now();
  const batch = 1_000;
  const status = (at: number, state: RequestState, sequence: number) =>
    DeletionStatus.fromPartial({
      requestId: idOf(at),
      emitter: 'shop',
      modelKey: 'history',
      state,
      sequence,
      time: new Date(startMs + at * 30 + sequence * 1000),
      submittedTime: new Date(startMs + at * 30),
      // Far ahead: what is near its deadline or past it is spoken of, and that is not measured.
      deadline: new Date('2126-01-01T00:00:00Z'),
      sampleCount: 4,
    });
  for (let from = 0; from < requests; from += batch) {
    const some = Array.from({ length: Math.min(batch, requests - from) }, (_, at) => from + at);
    projection.apply(some.map((at) => status(at, RequestState.REQUEST_STATE_ACCEPTED, 0)));
    projection.apply(
      some
        .filter((at) => at % 100 !== 0)
        .map((at) => status(at, RequestState.REQUEST_STATE_COMPLETED, 1 + (at >> 8))),
    );
  }
  projection[Symbol.dispose]();
  return Math.round(requests / ((performance.now() - since) / 1000));
}

/** A history as the registry writes it, one file each; without its fsyncs, which are not measured. */
async function writeHistory(): Promise<void> {
  const pointer = (generation: number) =>
    ServingPointer.fromPartial({
      modelKey: 'history',
      generation,
      sequence: generation - 1,
      topologyDigest: sha256('topology'),
      weightsDigest: sha256(`weights ${generation}`),
      promotedTime: new Date(startMs + generation * 1000),
    });
  await store.put(moveKey('history', 1), encodeRecord(ServingPointer, pointer(1)));
  const names = await readdir(join(folder, 'store'), { recursive: true });
  const first = names.find((name) => name.includes('moves') && name.endsWith('.json')) ?? '';
  const moves = join(folder, 'store', dirname(first));
  for (let generation = 2; generation <= versions; generation++) {
    const bytes = encodeRecord(ServingPointer, pointer(generation));
    await writeFile(join(moves, basename(moveKey('history', generation))), bytes);
  }
  await store.put(servingKey('history'), encodeRecord(ServingPointer, pointer(versions)));
}

/** So many racers for one move, again and again: one wins each time, and the history has no fork. */
async function runRaces(lineage: LineageStore): Promise<number> {
  const first = ServingPointer.fromPartial({
    modelKey: 'race',
    generation: 1,
    promotedTime: new Date(startMs),
  });
  await lineage.moveServing(first, undefined);
  const since = performance.now();
  for (let race = 1; race <= races; race++) {
    const present = await lineage.serving('race');
    if (present?.pointer.generation !== race) throw new Error(`race ${race} began elsewhere`);
    const outcomes = await Promise.all(
      Array.from({ length: racers }, (_, racer) =>
        lineage.moveServing(
          { ...present.pointer, generation: race + 1, sequence: racer },
          present.etag,
        ),
      ),
    );
    const winners = outcomes.flatMap(({ kind }, racer) => (kind === 'moved' ? [racer] : []));
    const conflicts = outcomes.filter(({ kind }) => kind === 'conflict').length;
    const kept = await lineage.move('race', race + 1);
    const isFork = winners.length !== 1 || kept?.sequence !== winners[0];
    if (isFork || conflicts !== racers - 1) throw new Error(`race ${race} forked: ${winners}`);
  }
  return (performance.now() - since) / 1000;
}

async function percentiles(call: () => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  for (let warm = 0; warm < 100; warm++) await call();
  const times: number[] = [];
  for (let done = 0; done < calls; done++) {
    const since = performance.now();
    await call();
    times.push(performance.now() - since);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor(share * times.length)] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}
