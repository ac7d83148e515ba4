import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { KafkaCluster } from './kafka-cluster.ts';

describe.skipIf(!isInstalled('kafka'))('a Kafka cluster of one broker', () => {
  test('takes connections, not while it is dead, and again after a restart', async () => {
    await using kafka = await KafkaCluster.start();
    const [broker] = kafka.brokers;
    expect(await accepts(kafka.bootstrap[0]!)).toBe(true);
    await broker!.kill();
    expect(broker!.processId).toBeUndefined();
    expect(await accepts(kafka.bootstrap[0]!)).toBe(false);
    await broker!.restart();
    expect(await accepts(kafka.bootstrap[0]!)).toBe(true);
  });

  test('says what the broker printed when it cannot start', async () => {
    const start = KafkaCluster.start({ properties: { 'log.cleaner.threads': 'many' } });
    await expect(start).rejects.toThrow(/many/);
  });
});

function accepts(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
