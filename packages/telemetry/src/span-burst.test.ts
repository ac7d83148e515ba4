import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { tellSpan } from './span.ts';
import { startTelemetry } from './start-telemetry.ts';

it('loses no span of the biggest round: as many as it may serve requests, told at once, twice', async () => {
  const names = new Set<string>();
  const collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    for (const [name] of Buffer.concat(chunks)
      .toString('latin1')
      .matchAll(/burst \d+;/g)) {
      names.add(name);
    }
    response.end();
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_METRICS_EXPORTER: 'none',
  });
  const telemetry = await startTelemetry({
    service: 'test',
    version: '0',
    env: process.env,
    scraped: false,
  });
  for (let at = 0; at < 2 * 4_096; at++) tellSpan(`burst ${at};`, {});
  await telemetry[Symbol.asyncDispose]();
  collector.closeAllConnections();
  collector.close();
  expect(names.size).toBe(2 * 4_096);
});
