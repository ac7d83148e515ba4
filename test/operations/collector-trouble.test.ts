// A collector that never answers, one that is not there, and a Prometheus that scrapes ten times a
// second: nothing that Lethe is for suffers.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResourceStack } from '@lethe/service-kit';
import { afterAll, expect, it } from 'vitest';
import { importDemo } from '../support/demo-home.ts';
import {
  operatorsOf,
  requestDeletion,
  startUp,
  temporaryFolder,
} from '../support/lethe-process.ts';
import { freePort } from '../support/servers/free-port.ts';

/** Of the manifests, for `lethe up`. */
const gracePeriodMs = 60_000;

const stack = new ResourceStack();
afterAll(() => stack[Symbol.asyncDispose]());

it('goes on, answers every scrape and ends in time while no collector answers', async () => {
  const folder = stack.use(temporaryFolder());
  const { home, imported, upOptions } = await importDemo(folder.path);
  expect(imported.stderr + imported.stdout).toContain('registered');

  const silent = await silentServer();
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${silent.url}/v1/traces`,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${await freePort()}/v1/metrics`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    // So long may an end wait for it; the default is 10 s.
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
  });
  const up = await startUp(home, [...upOptions, ...['--ops-address', '127.0.0.1:0']]);
  stack.defer(async () => {
    if (up.process.exitCode === null) await up.kill();
  });
  await expect.poll(() => up.log()).toContain('"message":"serving operators"');
  const ops = await operatorsOf(up);
  const sent = await requestDeletion(up, 'demo');
  expect(sent.status).toBe(202);

  const completed = /^lethe_request_duration_count\{.*\} 1$/m;
  let metrics = '';
  while (!completed.test(metrics)) {
    const scrape = await fetch(`http://${ops}/metrics`);
    expect(scrape.status).toBe(200);
    metrics = await scrape.text();
    await sleep(100);
  }
  expect(silent.hasBeenAsked()).toBe(true);
  const ended = await Promise.race([up.stop(), sleep(gracePeriodMs, 'too late', { ref: false })]);
  expect([ended, up.log()]).toEqual([0, expect.anything()]);
}, 180_000);

/** Takes connections, and never says a word. */
async function silentServer() {
  let asked = 0;
  const server = createServer(() => {
    asked++;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, hasBeenAsked: () => asked > 0 };
}
