import { connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isLoopback, LetheError } from '@lethe/contracts';
import type { ISocketFactory, KafkaConfig } from './kafkajs.ts';

/** Its properties are read at every connection: getters may give what has been replaced. */
export interface KafkaTls {
  /** PEM texts. Without `ca`, the authorities that Node knows. */
  readonly ca?: string;
  /** Client certificate and its key, where the brokers ask for one. */
  readonly cert?: string;
  readonly key?: string;
}

/** The password is read at every connection: a getter may give what has been replaced. */
export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** How to reach the brokers. */
export interface KafkaConnection {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaSasl;
  /** Allows brokers on other machines without TLS and authentication. */
  readonly allowInsecure?: boolean;
}

/**
 * kafkajs's settings for `connection`; every socket is checked, also to brokers that are only
 * advertised by the first one.
 *
 * @throws LetheError `invalid` for an address that cannot be used, or must not
 */
export function connectionConfig(connection: KafkaConnection): KafkaConfig {
  checkConnection(connection);
  const { brokers, clientId, tls, sasl } = connection;
  return {
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 15_000,
    socketFactory: guardedSockets(connection),
    // What it holds is put in where the socket is made.
    ...(tls === undefined ? {} : { ssl: true }),
    ...(sasl === undefined ? {} : { sasl: saslConfig(sasl) }),
  };
}

/** kafkajs asks this object for the password whenever it authenticates, and adds its own to it. */
function saslConfig(sasl: KafkaSasl): NonNullable<KafkaConfig['sasl']> {
  const { mechanism, username } = sasl;
  const config = {
    mechanism,
    username,
    get password() {
      return sasl.password;
    },
  };
  return config as NonNullable<KafkaConfig['sasl']>;
}

/** @throws LetheError `invalid` */
export function checkConnection(connection: KafkaConnection): void {
  if (connection.brokers.length === 0) {
    throw LetheError.invalid('brokers', '', 'names no broker', 'Give HOST:PORT.');
  }
  for (const broker of connection.brokers) {
    const host = hostOf(broker);
    const reason = insecurity(host, connection);
    if (reason !== undefined) throw refusal(broker, reason);
  }
}

function hostOf(broker: string): string {
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(broker) ?? [];
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  if (host !== undefined && isPort) return host;
  throw LetheError.invalid(
    'broker',
    broker,
    'is no address of a broker',
    'Use HOST:PORT, for example kafka-1.example.org:9093 (an IPv6 address needs a name).',
  );
}

function insecurity(host: string, connection: KafkaConnection): string | undefined {
  const { tls, sasl, allowInsecure = false } = connection;
  if (allowInsecure || isLoopback(host)) return undefined;
  if (tls === undefined) return 'is on another machine, and TLS is off';
  if (sasl === undefined && tls.cert === undefined) {
    return 'is on another machine, and there is neither a SASL user nor a client certificate';
  }
  return undefined;
}

function refusal(broker: string, reason: string): LetheError {
  return LetheError.invalid(
    'broker',
    broker,
    reason,
    'Set LETHE_KAFKA_TLS and LETHE_KAFKA_USER with LETHE_KAFKA_PASSWORD_FILE, or allow it with LETHE_KAFKA_ALLOW_INSECURE.',
  );
}

const keepAliveMs = 60_000;

function guardedSockets(connection: KafkaConnection): ISocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const reason = insecurity(host, connection);
    if (reason !== undefined) throw refusal(`${host}:${port}`, reason);
    const socket = ssl
      ? connectTls(
          { host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...connection.tls },
          onConnect,
        )
      : connectPlain({ host, port }, onConnect);
    socket.setKeepAlive(true, keepAliveMs);
    socket.setNoDelay(true);
    return socket;
  };
}
