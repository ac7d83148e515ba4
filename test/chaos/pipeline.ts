import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkRequests, type Ending, keyOf } from './checker/check-requests.ts';
import { checkTruth } from './checker/check-truth.ts';
import { readLineages } from './checker/lineage-record.ts';
import type { AcceptedRequest, CheckReport } from './checker/observed.ts';
import { StoreReader } from './checker/store-reader.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { emitLoad } from './load.ts';
import type { Surroundings } from './surroundings.ts';
import { type PlannedRequest, planWorld, registerModels, type World } from './world.ts';

export interface PipelineOptions {
  readonly open: (folder: string) => Promise<Surroundings>;
  readonly requests: number;
  readonly models: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly settingsOf?: (name: string) => Readonly<Record<string, string>>;
  /** When the people asked. Default: as it starts, so that no deadline is near. */
  readonly submittedTime?: Date;
  /** Which checkouts the services run from: {@link FleetOptions}. */
  readonly checkouts?: Pick<FleetOptions, 'firstCheckout' | 'secondCheckout'>;
  /** Before any service runs. */
  readonly prepare?: (surroundings: Surroundings) => Promise<void>;
}

/** The four services apart, on a bus and a store, with models and requests to send: for tests. */
export class Pipeline implements AsyncDisposable {
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly fleet: Fleet;
  readonly world: World;
  readonly submittedTime: Date;
  readonly accepted: AcceptedRequest[] = [];
  readonly #store: StoreReader;
  #sent = 0;

  private constructor(
    folder: string,
    surroundings: Surroundings,
    fleet: Fleet,
    world: World,
    submittedTime: Date,
  ) {
    this.folder = folder;
    this.surroundings = surroundings;
    this.fleet = fleet;
    this.world = world;
    this.submittedTime = submittedTime;
    this.#store = new StoreReader(surroundings.observer);
  }

  static async start(options: PipelineOptions): Promise<Pipeline> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-pipeline-'));
    const surroundings = await options.open(folder);
    const world = planWorld(options.requests, options.models, requestId);
    const store = await surroundings.openStore();
    await registerModels(store, world, folder);
    await store[Symbol.asyncDispose]();
    await options.prepare?.(surroundings);
    const fleet = await Fleet.start({
      folder,
      env: surroundings.serviceEnv,
      settings: {
        LETHE_MAX_WAIT_MS: '100',
        CHAOS_ROUND_MS: '100',
        CHAOS_REFUSE_ONE_IN: '0',
        ...options.settings,
      },
      ...(options.settingsOf === undefined ? {} : { settingsOf: options.settingsOf }),
      ...options.checkouts,
    });
    return new Pipeline(folder, surroundings, fleet, world, options.submittedTime ?? new Date());
  }

  /** Sends these requests until each has its receipt; default: the next `count` of the plan. */
  async send(what: number | readonly PlannedRequest[]): Promise<readonly PlannedRequest[]> {
    const requests =
      typeof what === 'number' ? this.world.requests.slice(this.#sent, this.#sent + what) : what;
    if (typeof what === 'number') this.#sent += what;
    await emitLoad(
      {
        url: this.fleet.ingestUrl,
        requests,
        submittedTime: this.submittedTime,
        durationMs: 0,
        progress: () => 1,
        random: () => 1,
        signal: AbortSignal.timeout(300_000),
      },
      (request) => this.accepted.push(request),
    );
    return requests;
  }

  /** How requests stand in the lineage. */
  async endings(): Promise<ReadonlyMap<string, Ending>> {
    const { objects } = await this.#store.read();
    return checkRequests(this.accepted, readLineages(objects)).endings;
  }

  async untilCompleted(requests: readonly AcceptedRequest[], withinMs = 120_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const endings = await this.endings();
      const open = requests.filter((request) => endings.get(keyOf(request)) !== 'completed');
      if (open.length === 0) return;
      if (performance.now() > deadline) {
        throw new Error(`${open.length} requests are not completed after ${withinMs / 1000} s`);
      }
      await sleep(200);
    }
  }

  /** Checks until all is well, but for what is `expected`; what is wrong after half a minute stays. */
  async check(expected?: RegExp): Promise<CheckReport> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const { objects, blobs } = await this.#store.read();
      const topics = await this.surroundings.observer.readTopics();
      const report = checkTruth({ accepted: this.accepted, objects, blobs, topics });
      const isWell = report.violations.every((violation) => expected?.test(violation) === true);
      if (isWell || performance.now() > deadline) return report;
      await sleep(1_000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
    await this.surroundings[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function requestId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}
