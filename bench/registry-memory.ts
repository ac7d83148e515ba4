/**
 * Whether the registry's memory is flat. The service itself, in a process of its own, over a world
 * that another process made: what it holds after its start, after further rounds, requests and
 * reads, and after ten times as many; the same over a world ten times smaller; how long those reads
 * took meanwhile; and what verifying the audit log takes. Garbage is collected before each reading.
 * node --disable-warning=ExperimentalWarning bench/registry-memory.ts [--versions N] [--requests N] [--entries N] [--rounds N] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ResourceStack } from '@lethe/service-kit';
import { Load } from './registry/load.ts';
import { LoneProcess } from './registry/lone-process.ts';
import { makeWorld } from './registry/made-world.ts';
import { World, type WorldSize } from './registry/world.ts';

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '100000' },
    requests: { type: 'string', default: '1000000' },
    entries: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'bench/registry-memory.ts [--versions N] [--requests N] [--entries N] [--rounds N] [--json]\n',
  );
  process.exit(0);
}
const full = { versions: Number(values.versions), requests: Number(values.requests) };
const entries = Number(values.entries);
const rounds = Number(values.rounds);

const result = {
  tenth: await measure(
    { versions: full.versions / 10, requests: full.requests / 10 },
    entries / 10,
  ),
  full: await measure(full, entries),
  machine: `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
};
process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);

async function measure(size: WorldSize, auditEntries: number) {
  const stack = new ResourceStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-registry-memory-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const now = new Date();
    await makeWorld(folder, size, { auditEntries, now });
    const verification = await measureVerification(folder);
    tell('verification', verification);
    const sinceMs = performance.now();
    const service = new LoneProcess('services/registry/dist/main.js', [], {
      LETHE_BUS: `sqlite:${join(folder, 'bus.sqlite')}`,
      LETHE_STORE: `folder:${join(folder, 'store')}`,
      LETHE_GRPC_ADDRESS: '127.0.0.1:0',
      LETHE_REGISTRY_PROJECTION: join(folder, 'registry.sqlite'),
      LETHE_KEYS: join(folder, 'keys'),
      LETHE_CACHE: join(folder, 'cache'),
      LETHE_SWEEP_MINUTES: '1',
      LETHE_LOG_FORMAT: 'json',
    });
    stack.use(service);
    const address = await service.says(/"grpc":"([^"]+)"/);
    tell(`${size.versions} versions, ${size.requests} requests: the registry serves`);
    const readySeconds = Number(((performance.now() - sinceMs) / 1000).toFixed(2));
    await service.idle();
    const afterStart = await service.memory();
    tell('afterStart', afterStart);
    const load = stack.use(await Load.open(folder, address, new World(size, now), size.versions));
    await load.run(rounds);
    await service.idle();
    const afterRounds = await service.memory();
    tell('afterRounds', afterRounds);
    await load.run(9 * rounds);
    await service.idle();
    const afterTenTimes = await service.memory();
    tell('afterTenTimes', afterTenTimes);
    const reportSeconds = await load.report();
    const afterReport = await service.memory();
    tell('afterReport', afterReport);
    const cancelMs = await load.cancel();
    const readings = { afterStart, afterRounds, afterTenTimes, afterReport };
    const further = { rounds: 10 * rounds, requests: load.requests, calls: load.calls };
    return {
      ...size,
      auditEntries,
      readySeconds,
      ...readings,
      further,
      latencyMs: load.latencyMs(),
      reportSeconds,
      cancelMs,
      verification,
    };
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

/** Readings as they come, on standard error: a whole run takes long. */
function tell(what: string, reading: object = {}): void {
  process.stderr.write(`${what} ${JSON.stringify(reading)}\n`);
}

async function measureVerification(folder: string) {
  const verifier = new LoneProcess('bench/registry/verify-log.ts', [folder]);
  try {
    const [perSecond, checkpoints] = (await verifier.says(/verified (\d+ \d+)\n/)).split(' ');
    const memory = await verifier.memory();
    return { perSecond: Number(perSecond), checkpoints: Number(checkpoints), ...memory };
  } finally {
    await verifier[Symbol.asyncDispose]();
  }
}
