/** What operating Lethe costs: `npm run bench:operations -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serverSurroundings } from '../test/chaos/server-surroundings.ts';
import { measureDashboard } from './operations/dashboard.ts';
import { measureFootprint } from './operations/footprint.ts';
import { measureRoundMemory } from './operations/round-memory.ts';
import { measureScrapes } from './operations/scrapes.ts';
import { measureTracing } from './operations/tracing/measure-tracing.ts';
import { networks } from './operations/tracing/networks.ts';

const help = `npm run bench:operations -- [footprint] [rounds] [scrapes] [dashboard] [tracing]

  footprint   each service alone, on files and on a real Kafka and MinIO: ready after, memory when idle
  rounds      memory in a round of ResNet-20 with 32 samples; --backends native,wasm --data-dir DIR
  scrapes     a scrape with 100,000 models
  dashboard   every query of the dashboard over a run with 100,000 requests, on a real Prometheus
  tracing     what tracing costs a Lethe on files: off, on and one in a hundred, switched in one
              process after every block of requests, compared within triples of blocks.
              --network mlp: blocks of one full round of a small network, with real verdicts;
              --network none: of 100 requests whose rounds and verdicts take no time.
              --triples N --minutes M --seed S

One JSON line for each figure. Take them on a quiet machine; processor time is stated beside the
time by the clock.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    backends: { type: 'string', default: 'native,wasm' },
    'data-dir': { type: 'string', default: '../shared/data' },
    network: { type: 'string', default: 'mlp' },
    triples: { type: 'string', default: '150' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '0' },
  },
});

const measures = {
  async footprint() {
    const services = ['ingest', 'evaluator', 'registry', 'unlearner'];
    for (const service of services) {
      tell('footprint', { on: 'files', ...(await measureFootprint(service)) });
    }
    const folder = await mkdtemp(join(tmpdir(), 'lethe-operations-'));
    const servers = await serverSurroundings(folder, 1);
    try {
      for (const service of services) {
        const figures = await measureFootprint(service, servers.serviceEnv);
        tell('footprint', { on: servers.name, ...figures });
      }
    } finally {
      await servers[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }
  },
  async rounds() {
    for (const backend of values.backends.split(',')) {
      tell('round memory', { ...(await measureRoundMemory(backend, values['data-dir'])) });
    }
  },
  async scrapes() {
    tell('scrapes', await measureScrapes(100_000));
  },
  async dashboard() {
    tell('dashboard', await measureDashboard(100_000, 200));
  },
  async tracing() {
    const network = networks.find((each) => each === values.network);
    if (network === undefined) throw new Error(`--network is one of ${networks.join(', ')}`);
    const plan = {
      network,
      triples: Number(values.triples),
      minutes: Number(values.minutes),
      seed: Number(values.seed),
    };
    const onBlock = (mode: string, block: object) => tell('tracing, block', { mode, ...block });
    tell('tracing', await measureTracing(plan, onBlock));
  },
} as const;

function tell(measure: string, figures: object): void {
  console.log(JSON.stringify({ measure, ...figures }));
}

if (values.help) console.log(help);
else {
  const chosen = positionals.length === 0 ? Object.keys(measures) : positionals;
  for (const name of chosen) {
    const measure = measures[name as keyof typeof measures];
    if (measure === undefined) throw new Error(`no measure "${name}"; see --help`);
    await measure();
  }
}
