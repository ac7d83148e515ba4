// One request, from its emitter to its end, as a real Jaeger shows it: sent by OTLP, read back
// through its API.
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AuditLog } from '@lethe/audit-log';
import { LineageStore } from '@lethe/lineage';
import { ResourceStack } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { importDemo } from '../support/demo-home.ts';
import { startUp, temporaryFolder } from '../support/lethe-process.ts';
import {
  eventsOf,
  linkOf,
  namesOf,
  only,
  parentOf,
  pathOf,
} from '../support/operations/jaeger-spans.ts';
import { JaegerServer, type JaegerSpan } from '../support/servers/jaeger-server.ts';

const stack = new ResourceStack();
const traceId = randomBytes(16).toString('hex');
const emitterSpan = randomBytes(8).toString('hex');
const requestId = randomUUID();
let home: string;
let jaeger: JaegerServer;
let requestSpans: readonly JaegerSpan[];
let roundSpans: readonly JaegerSpan[];

beforeAll(async () => {
  const folder = stack.use(temporaryFolder());
  jaeger = stack.use(await JaegerServer.start());
  const demo = await importDemo(folder.path);
  const { imported } = demo;
  home = demo.home;
  expect(imported.stderr + imported.stdout).toContain('registered');

  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  const up = await startUp(home, demo.upOptions);
  stack.defer(async () => {
    if (up.process.exitCode === null) await up.kill();
  });
  const response = await fetch(`http://${up.http}/v1/deletions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${emitterSpan}-01`,
    },
    body: JSON.stringify({ requestId, modelKey: 'demo', scope: { subject: 'subject-7' } }),
  });
  expect(response.status).toBe(202);
  await vi.waitFor(async () => expect(namesOf(await jaeger.trace(traceId))).toContain('complete'), {
    timeout: 150_000,
    interval: 500,
  });
  // What is still in the exporter goes out before the process ends; Jaeger stores it a moment later.
  expect(await up.stop()).toBe(0);
  await vi.waitFor(
    async () => {
      requestSpans = await jaeger.trace(traceId);
      roundSpans = await jaeger.trace(linkOf(only(requestSpans, 'forget in round')).traceID);
      expect(namesOf(roundSpans)).toEqual(expect.arrayContaining(['round', 'put decisions']));
      for (const span of roundSpans) expect(pathOf(roundSpans, span).at(-1)).toBe('round');
    },
    { timeout: 60_000, interval: 200 },
  );
}, 300_000);
afterAll(() => stack[Symbol.asyncDispose]());

describe('the trace of a request', () => {
  it('goes on from its emitter, through intake and its round to its end', () => {
    const intake = only(requestSpans, 'POST /v1/deletions');
    expect(parentOf(intake)).toBe(emitterSpan);
    for (const name of ['forget in round', 'complete']) {
      expect(pathOf(requestSpans, only(requestSpans, name))).toEqual([name, 'POST /v1/deletions']);
    }
  });
});

describe('the trace of its round', () => {
  it('links back to the request', () => {
    expect(linkOf(only(roundSpans, 'round')).traceID).toBe(traceId);
  });

  it('has no gap: worker, store, verdict and promotion are below it', () => {
    const round = only(roundSpans, 'round');
    expect(parentOf(round)).toBeUndefined();
    for (const span of roundSpans) expect(pathOf(roundSpans, span).at(-1)).toBe('round');
    expect(pathOf(roundSpans, only(roundSpans, 'evaluate'))).toEqual([
      'evaluate',
      'process model.candidate.v1',
      'round',
    ]);
    expect(namesOf(roundSpans)).toEqual(
      expect.arrayContaining([
        ...['compute', 'put blobs', 'put manifests', 'put verdicts', 'put serving'],
        ...['put decisions', 'process model.verdict.v1'],
      ]),
    );
  });

  it('says what it did: model, sequence, sizes, digests; and the promotion as an event', () => {
    const tags = new Map(only(roundSpans, 'round').tags.map(({ key, value }) => [key, value]));
    expect(Object.fromEntries(tags)).toMatchObject({
      'lethe.model': 'demo',
      'lethe.sequence': 1,
      'lethe.request_count': 1,
      'lethe.sample_count': 5,
      'lethe.weights_digest': expect.stringMatching(/^[0-9a-f]{64}$/),
      'lethe.manifest_digest': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(eventsOf(only(roundSpans, 'process model.verdict.v1'))).toContain('promoted');
  });
});

describe('what is kept', () => {
  it('names the traces: certificate, manifest and audit entries', async () => {
    await using store = await FolderStore.open(join(home, 'store'));
    const lineages = new LineageStore(store, new BlobStore(store));
    const manifest = await lineages.manifest('demo', 1);
    const roundTrace = only(roundSpans, 'round').traceID;
    expect(manifest?.record.traceparent).toContain(roundTrace);
    const noted: unknown[] = [];
    for await (const { kind, details } of new AuditLog({ store }).entries()) {
      if (kind === 'verdict' || kind === 'promotion') noted.push(details['trace_id']);
    }
    expect(noted).toEqual([roundTrace, roundTrace]);
    const certificates = await store.get(`models/demo/certificates/0000000001.json`);
    expect(certificateTexts(certificates?.bytes)).toContain(traceId);
  });

  it('and no span names the subject (P6)', () => {
    expect(JSON.stringify([requestSpans, roundSpans])).not.toContain('subject-7');
  });
});

/** DSSE keeps its statement in base64. */
function certificateTexts(body: Uint8Array | undefined): string {
  const text = Buffer.from(body ?? []).toString();
  return [...text.matchAll(/"payload":\s*"([^"]+)"/g)]
    .map(([, payload]) => Buffer.from(payload!, 'base64').toString())
    .join('\n');
}
