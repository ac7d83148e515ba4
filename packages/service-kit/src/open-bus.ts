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
import { freshText } from './fresh-text.ts';
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
  const tls = tlsOf(config);
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

/** The password is read at every connection. */
function saslOf(config: BusConfig): KafkaBusOptions['sasl'] {
  const { kafkaUser: username, kafkaPasswordFile: file, kafkaSasl: mechanism } = config;
  if (username === '' && file === '') return undefined;
  if (username === '') throw incomplete('kafkaUser', 'a password is given, and no user');
  if (file === '') throw incomplete('kafkaPasswordFile', 'a user is given, and no password');
  const text = freshText(busSettings.kafkaPasswordFile, file, (password) =>
    password.trim() === '' ? 'names an empty file' : undefined,
  );
  return {
    mechanism,
    username,
    get password() {
      return text().trim();
    },
  };
}

/** Authority, certificate and key are read at every connection. */
function tlsOf(config: BusConfig): KafkaTls | undefined {
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
  const tls: KafkaTls = {};
  const settings = { ca: 'kafkaCaFile', cert: 'kafkaCertFile', key: 'kafkaKeyFile' } as const;
  for (const [name, setting] of Object.entries(settings)) {
    if (config[setting] === '') continue;
    const get = freshText(busSettings[setting], config[setting], (text) =>
      text.includes('-----BEGIN ') ? undefined : 'names a file that is not PEM',
    );
    Object.defineProperty(tls, name, { get, enumerable: true });
  }
  return tls;
}

function incomplete(name: keyof typeof busSettings, reason: string): LetheError {
  const { env, help } = busSettings[name];
  return LetheError.invalid(env, '', reason, `Set it: ${help}`);
}

function notABus(bus: string, remedy: string): LetheError {
  return LetheError.invalid(busSettings.bus.env, bus, 'names no such message bus', remedy);
}
