import { startTelemetry } from '@lethe/telemetry';
import { describe, expect, it } from 'vitest';
import type { Readiness } from '../lifecycle/lethe-service.ts';
import { WorkWatch } from '../lifecycle/work-watch.ts';
import { serveOps } from './serve-ops.ts';

const telemetryOf = (scraped: boolean) =>
  startTelemetry({ service: 'lethe-test', version: '1', env: {}, scraped });

describe('serveOps', () => {
  it('answers live, ready with its reason, and metrics', async () => {
    let state: Readiness = { kind: 'not-ready', reason: 'the store does not answer' };
    await using telemetry = await telemetryOf(true);
    await using server = await serveOps({
      address: '127.0.0.1:0',
      readiness: () => state,
      telemetry,
    });
    const get = (path: string) => fetch(`http://${server.address}${path}`);
    expect((await get('/livez')).status).toBe(200);
    using watch = new WorkWatch('handling records as group g', 0);
    watch.begin();
    const stuck = await get('/livez');
    expect([stuck.status, await stuck.json()]).toEqual([
      503,
      { status: 'stuck', reason: expect.stringContaining('handling records as group g') },
    ]);
    watch.end();
    expect((await get('/livez')).status).toBe(200);
    const notReady = await get('/readyz');
    expect([notReady.status, await notReady.json()]).toEqual([503, state]);
    state = { kind: 'ready' };
    expect((await get('/readyz')).status).toBe(200);
    const metrics = await get('/metrics');
    expect([metrics.status, await metrics.text()]).toEqual([
      200,
      expect.stringContaining('# TYPE'),
    ]);
    expect((await get('/else')).status).toBe(404);
    expect((await fetch(`http://${server.address}/livez`, { method: 'POST' })).status).toBe(405);
  });

  it('says of metrics that none are kept where nothing records', async () => {
    await using telemetry = await telemetryOf(false);
    const options = { readiness: (): Readiness => ({ kind: 'ready' }), telemetry };
    await using server = await serveOps({ address: '127.0.0.1:0', ...options });
    expect((await fetch(`http://${server.address}/metrics`)).status).toBe(404);
    await expect(serveOps({ address: server.address, ...options })).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('port 0'),
    });
  });
});
