import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/servers/free-port.ts';
import { ServerProcess } from '../support/servers/server-process.ts';

export interface FleetOptions {
  readonly folder: string;
  /** Bus and store. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** A built checkout whose programs run until {@link Fleet.replace}; default: this one. */
  readonly firstCheckout?: string;
  /** The one whose programs run from then on; default: this one. */
  readonly secondCheckout?: string;
  /** Of one member only. */
  readonly settingsOf?: (name: string) => Readonly<Record<string, string>>;
}

/** One service process, which is started again whenever it is found dead. */
export interface Member {
  readonly name: string;
  readonly service: 'ingest' | 'unlearner' | 'evaluator' | 'registry';
  process: ServerProcess | undefined;
  /** Not started again while true: its supervisor wants it dead for a while. */
  held: boolean;
  /** `HOST:PORT` of its gRPC methods; of ingest, of HTTP. */
  readonly address: string;
  /** Where it tells operators whether it is ready, and why not. */
  readonly opsUrl: string;
}

interface Ports {
  readonly service: number;
  readonly ops: number;
}

const thisCheckout = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The four services, each apart in processes of its own: one ingest (its request index is a
 * file), two of each other.
 */
export class Fleet implements AsyncDisposable {
  readonly members: readonly Member[];
  readonly ingestUrl: string;
  /** Services that ended by themselves, each with its last words: nobody had killed them. */
  readonly endedByThemselves: string[] = [];
  readonly #options: FleetOptions;
  readonly #ports: ReadonlyMap<string, Ports>;
  readonly #replaced = new Set<string>();
  #closing = false;
  #watching: Promise<void> = Promise.resolve();

  private constructor(options: FleetOptions, ports: ReadonlyMap<string, Ports>) {
    this.#options = options;
    this.#ports = ports;
    this.ingestUrl = `http://127.0.0.1:${ports.get('ingest-1')?.service}`;
    this.members = [...ports].map(([name, { service, ops }]) => ({
      name,
      service: name.split('-')[0] as Member['service'],
      process: undefined,
      held: false,
      address: `127.0.0.1:${service}`,
      opsUrl: `http://127.0.0.1:${ops}`,
    }));
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const names = ['ingest-1'];
    for (const service of ['unlearner', 'evaluator', 'registry']) {
      names.push(`${service}-1`, `${service}-2`);
    }
    const ports = new Map<string, Ports>();
    for (const name of names) {
      ports.set(name, { service: await freePort(), ops: await freePort() });
    }
    const fleet = new Fleet(options, ports);
    await Promise.all(fleet.members.map((member) => fleet.#revive(member)));
    fleet.#watching = fleet.#watch();
    return fleet;
  }

  /** The member of that name. */
  member(name: string): Member {
    const member = this.members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** Replaces a member, which has ended, by a new process of the second checkout. */
  replace(member: Member): void {
    this.#replaced.add(member.name);
    member.process = undefined;
    member.held = false;
  }

  /** Everything that a member has logged, over all its lives. */
  logOf(name: string): string {
    return readFileSync(join(this.#options.folder, `${name}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#watching;
    await Promise.all(this.members.map((member) => member.process?.kill()));
  }

  /** Starts whatever is dead and not held, until the fleet closes. */
  async #watch(): Promise<void> {
    const starting = new Map<Member, Promise<void>>();
    while (!this.#closing) {
      for (const member of this.members) {
        if (member.held || member.process?.processId !== undefined || starting.has(member))
          continue;
        starting.set(
          member,
          this.#revive(member).finally(() => starting.delete(member)),
        );
      }
      await sleep(100);
    }
    await Promise.all(starting.values());
  }

  async #revive(member: Member): Promise<void> {
    try {
      if (member.process === undefined) member.process = await this.#start(member);
      else {
        this.#noteEnding(member, member.process);
        await member.process.restart();
      }
    } catch (thrown) {
      // Its surroundings may be down at the moment: it is tried again.
      this.#note(member, (thrown as Error).message);
      await sleep(500);
    }
  }

  async #start({ name, service }: Member): Promise<ServerProcess> {
    const { folder, env, settings } = this.#options;
    const { firstCheckout = thisCheckout, secondCheckout = thisCheckout } = this.#options;
    const home = join(folder, name);
    mkdirSync(home, { recursive: true });
    const checkout = this.#replaced.has(name) ? secondCheckout : firstCheckout;
    const program =
      service === 'unlearner' || service === 'evaluator'
        ? `test/chaos/services/${service}.ts`
        : `services/${service}/dist/main.js`;
    const { service: port, ops } = this.#ports.get(name)!;
    return await ServerProcess.start({
      name,
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', join(checkout, program)],
      folder: home,
      leftover: folder,
      env: {
        ...env,
        ...settings,
        ...this.#options.settingsOf?.(name),
        LETHE_CACHE: join(home, 'cache'),
        LETHE_LOG_FORMAT: 'json',
        LETHE_OPS_ADDRESS: `127.0.0.1:${ops}`,
        LETHE_INGEST_INDEX: join(home, 'index.sqlite'),
        LETHE_REGISTRY_PROJECTION: join(home, 'projection.sqlite'),
        ...(service === 'ingest'
          ? { LETHE_HTTP_ADDRESS: `127.0.0.1:${port}` }
          : { LETHE_GRPC_ADDRESS: `127.0.0.1:${port}` }),
      },
      logFile: join(folder, `${name}.log`),
      isReady: (output) => output.includes('"grpc":'),
      readyWithinMs: 180_000,
    });
  }

  #noteEnding({ name }: Member, process: ServerProcess): void {
    if (process.ending === 'SIGKILL') return;
    const lastWords = process.output().trimEnd().split('\n').at(-1) ?? '';
    this.endedByThemselves.push(`${name} (${process.ending}): ${lastWords}`);
  }

  #note({ name }: Member, text: string): void {
    appendFileSync(join(this.#options.folder, `${name}.log`), `--- ${text}\n`);
  }
}
