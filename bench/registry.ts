/**
 * The registry's figures over a world that another process made: what serves, what served when,
 * promotion races, a year of requests, restart to ready.
 * node --disable-warning=ExperimentalWarning bench/registry.ts [--versions N] [--requests N] [--races N] [--calls N] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteBus } from '@lethe/bus';
import {
  RegistryServiceClient,
  ReleaseServiceClient,
  RequestServiceClient,
  ServingPointer,
} from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import { connect, readConfig, silentLog, startGrpcServer } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { makeWorld } from './registry/made-world.ts';
import { type Percentiles, percentilesOf } from './registry/percentiles.ts';
import { modelKey, World } from './registry/world.ts';

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
const now = new Date();
const world = new World({ versions, requests }, now);

const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-registry-'));
// Before anything else is opened: the maker writes the same files.
const { projectedPerSecond } = await makeWorld(folder, world, { auditEntries: 0, now });
const store = await FolderStore.open(join(folder, 'store'));
const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
try {
  const lineage = new LineageStore(store, new BlobStore(store));
  const raceSeconds = await runRaces(lineage);

  const before = performance.now();
  const service = createRegistryService({
    bus,
    lineage,
    projectionFile: join(folder, 'registry.sqlite'),
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
  const servingAtStart = await percentiles(() => registry.getServing({ modelKey }));
  const servingAt = await percentiles(() =>
    release.getServingAt({
      modelKey,
      time: world.timeOf(anyVersion()),
    }),
  );
  const getRequest = await percentiles(() =>
    registry.getRequest({ requestId: world.requestIds(anyVersion())[0] ?? '', emitter: '' }),
  );
  const serving = await percentiles(() => registry.getServing({ modelKey }));
  const requestService = connect(RequestServiceClient, server.address);
  const sinceReport = performance.now();
  let received = 0n;
  for (let year = world.timeOf(0).getUTCFullYear() - 1; year <= now.getUTCFullYear(); year++) {
    received += (await requestService.getReport({ year, modelKey: '', regulation: 0 })).received;
  }
  const reportSeconds = (performance.now() - sinceReport) / 1000;
  if (received !== BigInt(world.requests)) throw new Error(`the reports count ${received}`);
  const result = {
    versions,
    requests: world.requests,
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

function anyVersion(): number {
  return Math.floor(1 + Math.random() * versions);
}

/** So many racers for one move, again and again: one wins each time, and the history has no fork. */
async function runRaces(lineage: LineageStore): Promise<number> {
  const first = ServingPointer.fromPartial({
    modelKey: 'race',
    generation: 1,
    promotedTime: now,
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

async function percentiles(call: () => Promise<unknown>): Promise<Percentiles> {
  for (let warm = 0; warm < 100; warm++) await call();
  const times: number[] = [];
  for (let done = 0; done < calls; done++) {
    const since = performance.now();
    await call();
    times.push(performance.now() - since);
  }
  return percentilesOf(times);
}
