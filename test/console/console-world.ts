import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SqliteBus } from '@lethe/bus';
import {
  CallbackState,
  DeletionStatus,
  Regulation,
  RequestState,
  sha256,
  topics,
} from '@lethe/contracts';
import type { Role } from '@lethe/service-kit';
import { FolderStore } from '@lethe/store';
import { DeliveryStore } from '../../services/registry/src/callbacks/delivery-store.ts';
import { RequestProjection } from '../../services/registry/src/requests/request-projection.ts';
import {
  type CallbackReceiver,
  openCallbackReceiver,
} from '../../services/registry/src/testing/callback-receiver.ts';
import { startUp, type Up } from '../support/lethe-process.ts';
import { freePort } from '../support/servers/free-port.ts';
import { TinyWorld } from '../support/tiny-world.ts';

const people: Readonly<Record<string, readonly Role[]>> = {
  alice: ['operator'],
  bob: ['approver'],
  dora: ['approver'],
  carol: ['auditor'],
  shop: ['emitter'],
};

/** Forgetting at any price: no candidate of it passes the gate. */
const carelessLadder = [50, 100].map((firstStep) => ({
  method: 'lethe',
  settings: { steps: 'adam', retainWeight: 0, margin: 100, shorten: false, firstStep },
}));

/** Requests of a model that is no longer here, all of them ended in 2025. */
const archivedCount = 100_000;
const statusesAtOnce = 20_000;

/** Puts them where the registry looks requests up, before it starts. */
function fillArchive(file: string): void {
  using projection = RequestProjection.open(file);
  const dayMs = 24 * 3600 * 1000;
  const status = (at: number) => {
    const submittedMs = Date.UTC(2025, 0, 1) + (at % 365) * dayMs;
    return DeletionStatus.fromPartial({
      requestId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
      emitter: 'crm',
      modelKey: 'archive',
      state: RequestState.REQUEST_STATE_NO_MATCH,
      regulation: Regulation.REGULATION_CCPA,
      submittedTime: new Date(submittedMs),
      time: new Date(submittedMs + dayMs),
      deadline: new Date(submittedMs + 45 * dayMs),
    });
  };
  for (let from = 0; from < archivedCount; from += statusesAtOnce) {
    const count = Math.min(statusesAtOnce, archivedCount - from);
    projection.apply(Array.from({ length: count }, (_, at) => status(from + at)));
  }
}

/** A running Lethe with people who may do different things, on a small model and real rounds. */
export class ConsoleWorld implements AsyncDisposable {
  readonly folder: string;
  readonly origin: string;
  /** Whether the emitter's receiver takes what it is sent. */
  receives = true;
  readonly #world: TinyWorld;
  readonly #receiver: CallbackReceiver;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #up: Up | undefined;

  private constructor(world: TinyWorld, receiver: CallbackReceiver, port: number) {
    this.#world = world;
    this.#receiver = receiver;
    this.folder = world.folder;
    this.origin = `http://127.0.0.1:${port}`;
    this.#args = ['--backend', 'js', '--max-wait', '50', '--console-port', String(port)];
    this.#env = {
      LETHE_IDENTITIES_FILE: join(world.folder, 'identities.json'),
      LETHE_CALLBACKS_FILE: join(world.folder, 'callbacks.json'),
      LETHE_FOUR_EYES: 'true',
      LETHE_TRACE_URL: 'https://traces.example/trace/{trace_id}',
      // Spans are made, and go nowhere.
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
    };
  }

  static async create(): Promise<ConsoleWorld> {
    const tiny = await TinyWorld.create(['tiny']);
    // From here on the folder is the home of a process of its own.
    await tiny.bus[Symbol.asyncDispose]();
    const receiver = await openCallbackReceiver(
      (response) => void response.writeHead(world.receives ? 204 : 503).end(),
    );
    const world = new ConsoleWorld(tiny, receiver, await freePort());
    await world.identify(Object.keys(people));
    const callbacks = [{ emitter: 'shop', url: receiver.url, networks: ['127.0.0.0/8'] }];
    await writeFile(join(world.folder, 'callbacks.json'), JSON.stringify({ callbacks }));
    fillArchive(join(world.folder, 'registry.sqlite'));
    await world.start();
    return world;
  }

  tokenOf(name: string): string {
    return `the-token-of-${name}`;
  }

  /** Writes who is known from now on. */
  async identify(names: readonly string[]): Promise<void> {
    const identities = names.map((name) => ({
      name,
      roles: people[name],
      token_sha256: [sha256(this.tokenOf(name))],
    }));
    const file = this.#env['LETHE_IDENTITIES_FILE'] as string;
    await writeFile(file, JSON.stringify({ identities }));
  }

  /** @param careless with a ladder whose candidates are refused, then escalated */
  async start(careless = false): Promise<void> {
    Object.assign(process.env, this.#env);
    const ladder = join(this.folder, 'careless.json');
    await writeFile(ladder, JSON.stringify(carelessLadder));
    this.#up = await startUp(this.folder, [
      ...this.#args,
      ...(careless ? ['--ladder', ladder] : []),
    ]);
  }

  async stop(): Promise<void> {
    await this.#up?.stop();
    this.#up = undefined;
  }

  /** Asks to forget a part of the training data. @returns the request's id */
  async submit(scope: object, more: object = {}): Promise<string> {
    const requestId = randomUUID();
    const answer = await fetch(`http://${this.#up?.http}/v1/deletions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.tokenOf('shop')}`,
      },
      body: JSON.stringify({
        request_id: requestId,
        model_key: 'tiny',
        scope,
        regulation: 'REGULATION_GDPR',
        ...more,
      }),
    });
    if (answer.status !== 202) throw new Error(`refused: ${await answer.text()}`);
    return requestId;
  }

  /** What the console's API says to somebody. */
  async get<T>(path: string, name = 'carol'): Promise<T> {
    const headers = { authorization: `Bearer ${this.tokenOf(name)}` };
    return (await (await fetch(`${this.origin}/api${path}`, { headers })).json()) as T;
  }

  /** As though a delivered callback had been given up. @param problem why */
  async giveUpACallback(problem: string): Promise<void> {
    await using store = await FolderStore.open(join(this.folder, 'store'));
    const deliveries = new DeliveryStore(store);
    for await (const delivery of deliveries.list('delivered', '')) {
      await deliveries.forgetEnd(delivery.id);
      const state = CallbackState.CALLBACK_STATE_FAILED;
      await deliveries.putEnd('failed', { ...delivery, state, httpStatus: 0, problem });
      return;
    }
    throw new Error('nothing was delivered yet');
  }

  /** Puts bytes that are no message on a topic. */
  async poison(key: string): Promise<void> {
    await using bus = await SqliteBus.open({ file: join(this.folder, 'bus.sqlite') });
    const topic = topics.deletionRequested.name;
    await bus.publish([{ topic, key, value: Buffer.from('this is no message') }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#receiver[Symbol.asyncDispose]();
    for (const name of Object.keys(this.#env)) delete process.env[name];
    await this.#world[Symbol.asyncDispose]();
  }
}
