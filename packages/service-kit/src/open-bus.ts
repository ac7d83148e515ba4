import { readFile } from 'node:fs/promises';
import {
  KafkaBus,
  type KafkaBusOptions,
  type KafkaTls,
  type MessageBus,
  SqliteBus,
} from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { busSettings } from './config/bus-settings.ts';
import type { ConfigOf } from './config/config-table.ts';
import type { Log } from './log/log.ts';

export type BusConfig = ConfigOf<typeof busSettings>;

/**
 * Opens the message bus that the settings name.
 *
 * @throws LetheError `invalid` for settings that cannot work, or must not; `precondition` when
 * the brokers refuse user, password or certificate; `unavailable` when none of them answers
 */
export async function openBus(config: BusConfig, log?: Log): Promise<MessageBus> {
  const { bus } = config;
  if (bus.startsWith('sqlite:') && bus.length > 'sqlite:'.length) {
    return await SqliteBus.open({ file: bus.slice('sqlite:'.length) });
  }
  if (bus.startsWith('kafka:')) return await openKafkaBus(config, log);
  throw notABus(bus, 'Use sqlite:FILE or kafka:HOST:PORT.');
}

/** {@link openBus} where nothing but Kafka will do. */
export async function openKafkaBus(config: BusConfig, log?: Log): Promise<KafkaBus> {
  const { bus } = config;
  if (!bus.startsWith('kafka:')) {
    throw notABus(bus, `Set ${busSettings.bus.env} to kafka:HOST:PORT.`);
  }
  const tls = await readTls(config);
  const sasl = saslOf(config);
  const options: KafkaBusOptions = {
    brokers: bus
      .slice('kafka:'.length)
      .split(',')
      .map((broker) => broker.trim()),
    clientId: config.kafkaClientId,
    allowInsecure: config.kafkaAllowInsecure,
    transactionalIdPrefix: config.kafkaTransactionalIdPrefix,
    sessionTimeoutMs: config.kafkaSessionTimeoutMs,
    replicationFactor: config.kafkaReplicationFactor,
    minInsyncReplicas: config.kafkaMinInsyncReplicas,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
    // The client logs as errors what it then tries again: a warning is what that is.
    ...(log === undefined ? {} : { onLog: (_, message) => log.warn('kafka client', { message }) }),
  };
  return await KafkaBus.open(options);
}

function saslOf(config: BusConfig): KafkaBusOptions['sasl'] {
  const { kafkaUser: username, kafkaPassword: password, kafkaSasl: mechanism } = config;
  if (username === '' && password === '') return undefined;
  if (username === '') throw incomplete('kafkaUser', 'a password is given, and no user');
  if (password === '') throw incomplete('kafkaPassword', 'a user is given, and no password');
  return { mechanism, username, password };
}

async function readTls(config: BusConfig): Promise<KafkaTls | undefined> {
  const { kafkaTls, kafkaCaFile, kafkaCertFile, kafkaKeyFile } = config;
  if (!kafkaTls && kafkaCaFile === '' && kafkaCertFile === '' && kafkaKeyFile === '') {
    return undefined;
  }
  if (kafkaCertFile !== '' && kafkaKeyFile === '') {
    throw incomplete('kafkaKeyFile', 'a client certificate is given, and no key');
  }
  if (kafkaCertFile === '' && kafkaKeyFile !== '') {
    throw incomplete('kafkaCertFile', 'a key is given, and no client certificate');
  }
  return {
    ...(kafkaCaFile === '' ? {} : { ca: await readPem('kafkaCaFile', kafkaCaFile) }),
    ...(kafkaCertFile === '' ? {} : { cert: await readPem('kafkaCertFile', kafkaCertFile) }),
    ...(kafkaKeyFile === '' ? {} : { key: await readPem('kafkaKeyFile', kafkaKeyFile) }),
  };
}

async function readPem(name: 'kafkaCaFile' | 'kafkaCertFile' | 'kafkaKeyFile', file: string) {
  const { env, help } = busSettings[name];
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    throw LetheError.invalid(env, file, `names a file that cannot be read (${code})`, help);
  }
  if (text.includes('-----BEGIN ')) return text;
  throw LetheError.invalid(env, file, 'names a file that is not PEM', help);
}

function incomplete(name: keyof typeof busSettings, reason: string): LetheError {
  const { env, help } = busSettings[name];
  return LetheError.invalid(env, '', reason, `Set it: ${help}`);
}

function notABus(bus: string, remedy: string): LetheError {
  return LetheError.invalid(busSettings.bus.env, bus, 'names no such message bus', remedy);
}
