import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaJars } from '../../../scripts/servers/recipe.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface KafkaOptions {
  /** One, or three that replicate everything and tolerate the loss of one. Default one. */
  readonly brokers?: 1 | 3;
  /**
   * How clients connect. Brokers among themselves always use plaintext on listeners of their own.
   * What TLS and SASL need (keys, mechanisms) goes into `properties`.
   */
  readonly clientProtocol?: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Where clients reach the broker instead, for example through a door; of one broker only. */
  readonly advertisedPort?: number;
  /** Added to every broker's server.properties, last, so that it overrides. */
  readonly properties?: Readonly<Record<string, string>>;
  /** SCRAM-SHA-512 users, name → password. */
  readonly scramUsers?: Readonly<Record<string, string>>;
}

/**
 * Real Kafka brokers (KRaft, each broker and controller in one) on free loopback ports, with
 * small heaps, in a temporary folder that goes with them. Topics are never created by use.
 */
export class KafkaCluster implements AsyncDisposable {
  /** `127.0.0.1:port` of every broker. */
  readonly bootstrap: readonly string[];
  /** Broker n has `node.id` n + 1. Each can be killed, paused and restarted. */
  readonly brokers: readonly ServerProcess[];
  readonly #folder: string;

  private constructor(bootstrap: readonly string[], brokers: ServerProcess[], folder: string) {
    this.bootstrap = bootstrap;
    this.brokers = brokers;
    this.#folder = folder;
  }

  static async start(options: KafkaOptions = {}): Promise<KafkaCluster> {
    const count = options.brokers ?? 1;
    const folder = await mkdtemp(join(tmpdir(), 'lethe-kafka-'));
    const nodes: Node[] = [];
    for (let id = 1; id <= count; id++) {
      nodes.push({
        id,
        client: await freePort(),
        peer: await freePort(),
        controller: await freePort(),
      });
    }
    // One that begins with a dash would be taken for an option.
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const started = await Promise.allSettled(
      nodes.map(async (node) => {
        const home = join(folder, `broker-${node.id}`);
        await mkdir(home);
        await writeFile(join(home, 'server.properties'), propertiesOf(node, nodes, home, options));
        await format(home, clusterId, options.scramUsers ?? {});
        return await ServerProcess.start({
          name: `kafka broker ${node.id}`,
          command: 'java',
          args: [...javaOptions, `-Xmx${heapMb}m`, 'kafka.Kafka', 'server.properties'],
          folder: home,
          leftover: folder,
          isReady: (output) => output.includes('Kafka Server started'),
        });
      }),
    );
    const brokers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const bootstrap = nodes.map(({ client }) => `127.0.0.1:${client}`);
    const cluster = new KafkaCluster(bootstrap, brokers, folder);
    const failure = started.find((each) => each.status === 'rejected');
    if (failure === undefined) return cluster;
    await cluster[Symbol.asyncDispose]();
    throw failure.reason;
  }

  /** Nobody needs the data any more: brokers are killed, not asked to hand over. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const heapMb = 384;

const javaOptions = [
  ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(kafkaJars(), '*')],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
];

interface Node {
  readonly id: number;
  readonly client: number;
  readonly peer: number;
  readonly controller: number;
}

function propertiesOf(node: Node, all: readonly Node[], home: string, options: KafkaOptions) {
  const listeners = { CLIENT: node.client, PEER: node.peer };
  const address = ([name, port]: [string, number]) => `${name}://127.0.0.1:${port}`;
  const client = options.clientProtocol ?? 'PLAINTEXT';
  const properties: Record<string, string | number> = {
    'node.id': node.id,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': all.map((n) => `${n.id}@127.0.0.1:${n.controller}`).join(','),
    listeners: Object.entries({ ...listeners, CONTROLLER: node.controller })
      .map(address)
      .join(','),
    'advertised.listeners': Object.entries({
      ...listeners,
      CLIENT: options.advertisedPort ?? node.client,
    })
      .map(address)
      .join(','),
    'listener.security.protocol.map': `CLIENT:${client},PEER:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PEER',
    'log.dirs': join(home, 'data'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': all.length,
    'min.insync.replicas': all.length === 1 ? 1 : 2,
    'offsets.topic.replication.factor': all.length,
    'transaction.state.log.replication.factor': all.length,
    'transaction.state.log.min.isr': all.length === 1 ? 1 : 2,
    'share.coordinator.state.topic.replication.factor': all.length,
    'share.coordinator.state.topic.min.isr': 1,
    // Small and quick: this is one machine, and tests kill brokers and members.
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.num.partitions': 3,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 4 * 2 ** 20,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    ...options.properties,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function format(home: string, clusterId: string, users: Readonly<Record<string, string>>) {
  const scram = Object.entries(users).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
  await promisify(execFile)(
    'java',
    [
      ...javaOptions,
      ...['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', 'server.properties'],
      ...scram,
    ],
    { cwd: home },
  );
}
