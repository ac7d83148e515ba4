import { describe, expect, it } from 'vitest';
import { checkConnection, type KafkaConnection } from './connection.ts';

const tls = { ca: 'PEM' };
const sasl = { mechanism: 'scram-sha-512', username: 'lethe', password: 'secret' } as const;
const check = (broker: string, rest: Partial<KafkaConnection> = {}) =>
  checkConnection({ brokers: [broker], clientId: 'test', ...rest });

describe('checkConnection', () => {
  it.each(['127.0.0.1:9092', 'localhost:9092', '127.8.8.8:1'])(
    'lets %s be reached in the clear: it is this machine',
    (broker) => expect(() => check(broker)).not.toThrow(),
  );

  it.each([
    [{}, /TLS is off/],
    [{ sasl }, /TLS is off/],
    [{ tls }, /neither a SASL user nor a client certificate/],
  ])('refuses another machine with %j only', (rest, reason) => {
    expect(() => check('kafka.example.org:9092', rest)).toThrow(reason);
    expect(() => check('kafka.example.org:9092', rest)).toThrow(/LETHE_KAFKA_ALLOW_INSECURE/);
  });

  it('lets another machine be reached over TLS by a user or a client certificate', () => {
    expect(() => check('kafka.example.org:9093', { tls, sasl })).not.toThrow();
    expect(() =>
      check('kafka.example.org:9093', { tls: { ...tls, cert: 'C', key: 'K' } }),
    ).not.toThrow();
  });

  it('lets anything be reached when that is asked for', () => {
    expect(() => check('10.0.0.1:9092', { allowInsecure: true })).not.toThrow();
  });

  it.each(['', 'kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:65536', 'kafka:9092x', '[::1]:9092'])(
    'refuses the address %j',
    (broker) => expect(() => check(broker)).toThrow(/HOST:PORT/),
  );
});
