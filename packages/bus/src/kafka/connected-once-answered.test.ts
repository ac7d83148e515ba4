import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { kafkajs } from './kafkajs.ts';

it('asks a broker again that did not answer the first question, though its socket is open', async () => {
  const Broker = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
  let [isOpen, asked] = [false, 0];
  const connectionPool = {
    sasl: null,
    connectionTimeout: 1_000,
    isConnected: () => isOpen,
    getConnection: async () => {
      isOpen = true;
      return { getSupportAuthenticationProtocol: () => true, authenticate: async () => {} };
    },
    setVersions: () => {},
    send: async () => {
      asked++;
      if (asked === 1) throw new kafkajs.KafkaJSError('it timed out', { retriable: true });
      return { apiVersions: [{ apiKey: 3, minVersion: 0, maxVersion: 9 }] };
    },
  };
  const logger = { namespace: () => logger, debug: () => {} };
  const broker = new Broker({ connectionPool, logger });
  await expect(broker.connect()).rejects.toThrow('it timed out');
  expect(broker.isConnected()).toBe(false);
  await broker.connect();
  expect([asked, broker.isConnected()]).toEqual([2, true]);
});
