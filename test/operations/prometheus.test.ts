import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ResourceStack } from '@lethe/service-kit';
import { recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAlerts, readDashboard } from '../support/operations/read-monitoring.ts';
import { recordEverything } from '../support/operations/record-everything.ts';
import { PrometheusServer } from '../support/servers/prometheus-server.ts';

/** A real Prometheus that scrapes every metric there is, as the code exports it. */
const stack = new ResourceStack();
let prometheus: PrometheusServer;
beforeAll(async () => {
  const telemetry = stack.use(recordTelemetry());
  const server = createServer(async (_request, response) => {
    // Counters go on, or nothing would have a rate.
    stack.use(recordEverything(labelOf));
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(await telemetry.scrape());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  stack.defer(() => server.closeAllConnections());
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  prometheus = stack.use(await PrometheusServer.start({ targets: [target], every: '500ms' }));
  const seen = 'count_over_time(lethe_round_duration_count[1m]) > 5';
  await vi.waitFor(async () => expect(await prometheus.query(seen)).not.toEqual([]), {
    timeout: 100_000,
    interval: 500,
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

/** What rules and panels look for by value. */
function labelOf(attribute: string): string {
  if (attribute === 'http.response.status_code') return '503';
  return attribute === 'holds' ? 'request' : 'x';
}

describe('a real Prometheus', () => {
  it('has an answer to every query of the dashboard', async () => {
    for (const { title, expr } of await readDashboard()) {
      expect([title, expr, (await prometheus.query(expr)).length > 0]).toEqual([title, expr, true]);
    }
  });

  it('understands every rule', async () => {
    for (const { expr } of await readAlerts()) await prometheus.query(expr);
  });
});
