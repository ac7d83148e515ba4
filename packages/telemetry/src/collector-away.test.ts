import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { tellSpan } from './span.ts';
import { startTelemetry } from './start-telemetry.ts';

/** Takes connections, and never says a word. */
async function silentCollector() {
  const connections = new Set<{ destroy(): void }>();
  const server = createServer((connection) => void connections.add(connection));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasBeenAsked: () => connections.size > 0,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function heapMiB(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

it('holds no more than its queue for a collector that does not answer, and ends all the same', async () => {
  await using collector = await silentCollector();
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_METRICS_EXPORTER: 'none',
  });
  const telemetry = await startTelemetry({
    service: 'test',
    version: '0',
    env: process.env,
    scraped: false,
  });
  const spans = (count: number) => {
    for (let at = 0; at < count; at++) tellSpan(`span ${at}`, { attributes: { 'lethe.at': at } });
  };
  spans(10_000);
  const full = heapMiB();
  // Kept, these would be some 100 MiB.
  spans(100_000);
  expect(heapMiB() - full).toBeLessThan(10);
  await expect.poll(collector.hasBeenAsked).toBe(true);
  await telemetry[Symbol.asyncDispose]();
});
