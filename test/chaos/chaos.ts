import { parseArgs } from 'node:util';
import { embeddedSurroundings } from './embedded-surroundings.ts';
import type { Member } from './fleet.ts';
import { runChaos } from './run-chaos.ts';
import { serverSurroundings } from './server-surroundings.ts';
import { type PlantedBug, plantedBugs } from './services/planted-bugs.ts';
import type { Surroundings } from './surroundings.ts';

const help = `npm run chaos -- [--requests N] [--kills M] [--seed S] …

Sends deletion requests through ingest while a supervisor kills (SIGKILL) services, brokers and
the store at random moments and pauses services beyond the session time-out; then recomputes from
the store and the topics alone whether every request was applied exactly once.

  --requests N     deletion requests (2000)
  --kills M        kills (30)
  --seed S         of ids, victims and moments (1); the machine adds its own timing
  --submitted TIME when the people asked, RFC 3339 (now); a year ago: all is overdue, no round waits
  --models N       models the requests are spread over (6)
  --interval MS    between two kills, on average (4000)
  --round MS       average time of a stand-in for a round (200)
  --batch ROWS     most rows of a round (128)
  --on KIND        servers: three Kafka brokers and MinIO (the default; npm run servers:install);
                   embedded: SQLite bus and folder store
  --only LIST      kills only these services, for example unlearner,evaluator
  --pauses SHARE   of the strikes at services that are pauses (0.2)
  --bug NAME       plants one: ${plantedBugs.join(', ')}
  --keep           keeps logs and data
  --json           prints the report as JSON

Exit code 1 when a promise was broken.`;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    submitted: { type: 'string', default: new Date().toISOString() },
    models: { type: 'string', default: '6' },
    interval: { type: 'string', default: '4000' },
    round: { type: 'string', default: '200' },
    batch: { type: 'string', default: '128' },
    on: { type: 'string', default: 'servers' },
    only: { type: 'string' },
    pauses: { type: 'string', default: '0.2' },
    bug: { type: 'string' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const startMs = performance.now();
  const report = await runChaos({
    requests: wholeNumber('requests', values.requests),
    kills: wholeNumber('kills', values.kills),
    seed: wholeNumber('seed', values.seed),
    submittedTime: parseTime('submitted', values.submitted),
    models: wholeNumber('models', values.models),
    intervalMs: wholeNumber('interval', values.interval),
    roundMs: wholeNumber('round', values.round),
    maxBatch: wholeNumber('batch', values.batch),
    open: parseSurroundings(values.on),
    quietMs: 60_000,
    keep: values.keep,
    pauseShare: Number(values.pauses),
    ...(values.only === undefined ? {} : { only: parseServices(values.only) }),
    ...(values.bug === undefined ? {} : { bug: parseBug(values.bug) }),
    say: (line) => {
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0).padStart(4);
      console.error(`[${seconds} s] ${line}`);
    },
  });
  const { violations, ...rest } = report;
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else console.log(rest);
  for (const violation of violations.slice(0, 50)) console.error(`VIOLATION ${violation}`);
  console.error(
    violations.length === 0
      ? 'Every request was applied exactly once.'
      : `${violations.length} violations`,
  );
  if (violations.length > 0) process.exitCode = 1;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new Error(`--${name} ${text} is no whole number`);
  return value;
}

function parseTime(name: string, text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error(`--${name} ${text} is no time`);
  return time;
}

function parseSurroundings(name: string): (folder: string) => Promise<Surroundings> {
  if (name === 'embedded') return embeddedSurroundings;
  if (name === 'servers') return serverSurroundings;
  throw new Error(`--on ${name}: use servers or embedded`);
}

function parseServices(list: string): Member['service'][] {
  const known = ['ingest', 'unlearner', 'evaluator', 'registry'] as const;
  return list.split(',').map((name) => {
    const service = known.find((each) => each === name);
    if (service === undefined) throw new Error(`--only ${name}: use ${known.join(', ')}`);
    return service;
  });
}

function parseBug(name: string): PlantedBug {
  const bug = plantedBugs.find((each) => each === name);
  if (bug === undefined) throw new Error(`--bug ${name}: use ${plantedBugs.join(', ')}`);
  return bug;
}

try {
  await main();
} catch (thrown) {
  console.error(`chaos failed: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exitCode = 2;
}
