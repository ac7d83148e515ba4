import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../support/seeded-random.ts';
import { checkTruth } from './checker/check-truth.ts';
import type { AcceptedRequest, CheckReport } from './checker/observed.ts';
import { StoreReader } from './checker/store-reader.ts';
import { Fleet, type Member } from './fleet.ts';
import { HandleScan, type ScanReport } from './handle-scan.ts';
import { emitLoad } from './load.ts';
import type { PlantedBug } from './services/planted-bugs.ts';
import { type Damage, wreakHavoc } from './supervisor.ts';
import type { Surroundings } from './surroundings.ts';
import { planWorld, registerModels } from './world.ts';

export interface ChaosOptions {
  readonly requests: number;
  readonly kills: number;
  readonly seed: number;
  readonly models: number;
  /** When the people asked; with one long past, every request is overdue. */
  readonly submittedTime: Date;
  /** Between two kills, on average. */
  readonly intervalMs: number;
  readonly open: (folder: string) => Promise<Surroundings>;
  readonly bug?: PlantedBug;
  readonly only?: readonly Member['service'][];
  readonly pauseShare?: number;
  readonly leastPauses?: number;
  readonly killInRound?: boolean;
  /** Most rows of a round. */
  readonly maxBatch: number;
  /** Average time of a stand-in for a round. */
  readonly roundMs: number;
  /** After the last kill: the run is over when nothing has changed for this long. */
  readonly quietMs: number;
  readonly say: (line: string) => void;
  /** Keeps logs and data for looking into. */
  readonly keep?: boolean;
}

export interface ChaosReport extends CheckReport, Damage {
  readonly surroundings: string;
  readonly seconds: number;
  /** Services that nobody had killed, with their last words. */
  readonly endedByThemselves: readonly string[];
  readonly folder: string;
  /** What was looked through for handles of subjects: everything that was exported or logged. */
  readonly scanned: ScanReport;
}

/** Load through ingest, havoc, and then the truth. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { say } = options;
  const startMs = performance.now();
  const random = seededRandom(options.seed);
  const folder = await mkdtemp(join(tmpdir(), 'lethe-chaos-'));
  const closers: (() => Promise<void>)[] = [];
  try {
    const surroundings = await options.open(folder);
    closers.push(async () => await surroundings[Symbol.asyncDispose]());
    say(`on ${surroundings.name}, in ${folder}`);
    const world = planWorld(options.requests, options.models, () => randomUuid(random));
    const store = await surroundings.openStore();
    await registerModels(store, world, folder);
    await store[Symbol.asyncDispose]();

    const scan = await HandleScan.start(/subject-\d+/);
    closers.push(() => scan[Symbol.asyncDispose]());
    const fleet = await Fleet.start({
      folder,
      env: { ...surroundings.serviceEnv, ...scan.env },
      settings: {
        LETHE_MAX_WAIT_MS: '300',
        LETHE_MAX_BATCH: String(options.maxBatch),
        LETHE_LADDER: '[{"method":"a"},{"method":"b","max_batch":96},{"method":"c"}]',
        // Often enough that some requests climb the whole ladder and are given up.
        CHAOS_REFUSE_ONE_IN: '4',
        CHAOS_ROUND_MS: String(options.roundMs),
        CHAOS_BUG: options.bug ?? 'none',
      },
    });
    closers.push(() => fleet[Symbol.asyncDispose]());
    say(`${fleet.members.length} services are up`);

    const accepted: AcceptedRequest[] = [];
    const failed = new AbortController();
    let killsDone = 0;
    const shared = { random, signal: failed.signal };
    const [, damage] = await Promise.all([
      emitLoad(
        {
          ...shared,
          url: fleet.ingestUrl,
          requests: world.requests,
          submittedTime: options.submittedTime,
          progress: () => (killsDone + 2) / Math.max(1, options.kills),
          durationMs: Math.max(1, options.kills) * options.intervalMs,
        },
        (request) => accepted.push(request),
      ),
      wreakHavoc({
        ...shared,
        fleet,
        surroundings,
        kills: options.kills,
        intervalMs: options.intervalMs,
        say,
        onKill: (done) => {
          killsDone = done;
        },
        ...(options.only === undefined ? {} : { only: options.only }),
        ...(options.killInRound === undefined ? {} : { killInRound: options.killInRound }),
        ...(options.leastPauses === undefined ? {} : { leastPauses: options.leastPauses }),
        ...(options.pauseShare === undefined ? {} : { pauseShare: options.pauseShare }),
      }),
    ]).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
    say(`${accepted.length} requests accepted; waiting for the rounds to end`);

    const report = await settle(surroundings, accepted, options);
    const scanned = await scan.report(folder);
    return {
      ...report,
      violations: [
        ...report.violations,
        ...scanned.found.map((place) => `a subject's handle is in ${place} (P6)`),
      ],
      scanned,
      ...damage,
      surroundings: surroundings.name,
      seconds: (performance.now() - startMs) / 1000,
      endedByThemselves: fleet.endedByThemselves,
      folder,
    };
  } finally {
    for (const close of closers.reverse()) await close();
    if (!options.keep) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Checks until all is well, or until nothing has changed for the quiet time. */
async function settle(
  { observer }: Surroundings,
  accepted: readonly AcceptedRequest[],
  { quietMs, say }: ChaosOptions,
): Promise<CheckReport> {
  const store = new StoreReader(observer);
  const check = async (readTopics: boolean) => {
    const { objects, blobs } = await store.read();
    const topics = readTopics ? await observer.readTopics() : new Map();
    return checkTruth({ accepted, objects, blobs, topics });
  };
  let before = '';
  let lastChangeMs = performance.now();
  for (;;) {
    const { figures } = await check(false);
    const isQuiet = performance.now() - lastChangeMs > quietMs;
    if (figures.lost === 0 || isQuiet) {
      const report = await check(true);
      if (report.violations.length === 0 || isQuiet) return report;
    }
    const now = JSON.stringify(figures);
    if (now !== before) {
      lastChangeMs = performance.now();
      const { completed, escalated, rounds } = figures;
      say(`${completed} completed, ${escalated} escalated in ${rounds} rounds`);
    }
    before = now;
    await sleep(2_000);
  }
}

function randomUuid(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '8';
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
