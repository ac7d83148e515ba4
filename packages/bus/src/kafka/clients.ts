import { LetheError } from '@lethe/contracts';
import { connectionConfig, type KafkaConnection } from './connection.ts';
import {
  type Consumer,
  type ConsumerConfig,
  type Kafka,
  kafkajs,
  type LogEntry,
  type Producer,
} from './kafkajs.ts';

/** What kafkajs writes into its log, warnings and errors only. */
export type KafkaLog = (level: 'warn' | 'error', message: string) => void;

/** Said everywhere: kafkajs has other defaults where NODE_ENV is `test`. */
const growing = { factor: 0.2, multiplier: 2 };

/**
 * Retries of producers. The first request of every transaction meets CONCURRENT_TRANSACTIONS while
 * the one before is finished, and sleeps the first retry time: kafkajs's default of 300 ms allows
 * 3 transactions a second. In all they last some 20 s, longer than a new leader takes.
 */
const producerRetry = { ...growing, initialRetryTime: 5, maxRetryTime: 1_000, retries: 25 };

const adminRetry = { ...growing, initialRetryTime: 50, maxRetryTime: 1_000, retries: 10 };

export interface KafkaClientLimits {
  /** An open transaction of an owner that died holds up its readers for at most this long. Default 60 s. */
  readonly transactionTimeoutMs?: number;
}

/** Makes kafkajs's clients, with the settings that its traps ask for. */
export class KafkaClients {
  readonly brokers: readonly string[];
  readonly #connection: KafkaConnection;
  readonly #log: KafkaLog;
  readonly #producers: Kafka;
  readonly #transactionTimeoutMs: number;
  #lastError: string | undefined;

  /** @throws LetheError `invalid` */
  constructor(
    connection: KafkaConnection,
    log: KafkaLog = () => {},
    { transactionTimeoutMs = 60_000 }: KafkaClientLimits = {},
  ) {
    this.brokers = connection.brokers;
    this.#connection = connection;
    this.#log = log;
    this.#producers = this.#client(producerRetry);
    this.#transactionTimeoutMs = transactionTimeoutMs;
  }

  /** The last error that kafkajs logged: why it does not get on, where it throws nothing. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  admin() {
    return this.#client(adminRetry).admin({ retry: adminRetry });
  }

  /**
   * Writes records once each: sequence numbers per partition, all replicas in sync. kafkajs has one
   * request of an idempotent producer under way with each broker: none overtakes another.
   */
  idempotentProducer(): Producer {
    return this.#producers.producer({ ...producing, idempotent: true });
  }

  transactionalProducer(transactionalId: string): Producer {
    return this.#producers.producer({
      ...producing,
      idempotent: true,
      transactionalId,
      transactionTimeout: this.#transactionTimeoutMs,
    });
  }

  /**
   * A consumer with a client of its own. Consumers of one group that shared one would share kafkajs's
   * notes of committed offsets too; nothing here relies on them, every owner seeks to what it read
   * behind its fence.
   *
   * @param onLog hears that this client has logged something: it is at work, though it fails
   */
  consumer(
    settings: Omit<ConsumerConfig, 'retry'> & { readonly sessionTimeout: number },
    onLog: () => void,
  ): Consumer {
    const connecting = {
      ...growing,
      initialRetryTime: 100,
      maxRetryTime: 1_000,
      // Beyond a session the membership is gone anyway.
      retries: 4 + Math.ceil((1.5 * settings.sessionTimeout) / 1_000),
    };
    const consuming = {
      ...connecting,
      // Some 3 s; kafkajs takes as many, whatever its client says. One whose coordinator is gone
      // beats into the void, and looks for another only in its next life: that is not to begin
      // later. What it worked on outlives it.
      retries: 5,
      // How to go on after a crash is for the supervisor to say.
      restartOnFailure: async () => false,
    };
    return this.#client(connecting, onLog).consumer({ ...settings, retry: consuming });
  }

  #client(
    retry: NonNullable<ConstructorParameters<typeof kafkajs.Kafka>[0]['retry']>,
    onLog: () => void = () => {},
  ): Kafka {
    return new kafkajs.Kafka({
      ...connectionConfig(this.#connection),
      retry,
      logLevel: kafkajs.logLevel.WARN,
      logCreator: () => (entry) => {
        onLog();
        this.#hear(entry);
      },
    });
  }

  #hear({ level, log: { message, error } }: LogEntry): void {
    const text = typeof error === 'string' && error !== '' ? `${message} (${error})` : message;
    if (expected.test(text)) return;
    const isError = level === kafkajs.logLevel.ERROR;
    if (isError) this.#lastError = text;
    this.#log(isError ? 'error' : 'warn', text);
  }
}

/** What kafkajs warns of, and what is part of every working day: rebalances, busy coordinators. */
const expected =
  /Limiting retries for the idempotent producer|group is rebalancing|another concurrent operation on the same transaction|Response without match|does not host this topic-partition/;

const producing = {
  allowAutoTopicCreation: false,
  createPartitioner: () => {
    return ({ message }: { message: { partition?: number } }) => {
      // One send that spans partitions of several brokers duplicates and loses records.
      if (message.partition !== undefined) return message.partition;
      throw new LetheError('internal', 'a record was sent without its partition');
    };
  },
} as const;
