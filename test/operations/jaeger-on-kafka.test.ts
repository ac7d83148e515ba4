// The trace of one request through services that run apart, on a real Kafka and a real MinIO, as a
// real Jaeger shows it. Rounds and evaluations are stand-ins; what carries the trace is as it ships.
import { randomBytes } from 'node:crypto';
import { partitionOf } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { ResourceStack } from '@lethe/service-kit';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Pipeline } from '../chaos/pipeline.ts';
import {
  fenceRaw,
  produceRaw,
  serverSurroundings,
  untilSettled,
} from '../chaos/server-surroundings.ts';
import type { PlannedRequest } from '../chaos/world.ts';
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
let subject: string;
let requestSpans: readonly JaegerSpan[];
let roundSpans: readonly JaegerSpan[];
/** Of an event that nobody can read. */
const poisonTrace = randomBytes(16).toString('hex');
let poisonSpans: readonly JaegerSpan[];
const fencedTrace = randomBytes(16).toString('hex');
let fencedRound: readonly JaegerSpan[];

beforeAll(async () => {
  const jaeger = stack.use(await JaegerServer.start());
  const pipeline = stack.use(
    await Pipeline.start({
      open: (folder) => serverSurroundings(folder, 1),
      requests: 8,
      models: 1,
      settings: {
        OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_BSP_SCHEDULE_DELAY: '200',
        CHAOS_EVALUATION_FAILURES: '1',
      },
    }),
  );
  const request = pipeline.world.requests.at(-1)!;
  ({ subject } = request);
  const { modelKey } = request;
  const send = async ({ requestId, emitter, subject }: PlannedRequest, trace: string) => {
    const response = await fetch(`${pipeline.fleet.ingestUrl}/v1/deletions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: `00-${trace}-${emitterSpan}-01`,
      },
      body: JSON.stringify({ requestId, emitter, modelKey, scope: { subject } }),
    });
    expect(response.status).toBe(202);
  };
  await send(request, traceId);
  const poison = { key: modelKey, value: Buffer.from('no event at all') };
  const headers = { traceparent: `00-${poisonTrace}-${emitterSpan}-01` };
  const { name: requested, partitions } = topics.deletionRequested;
  await produceRaw(pipeline.surroundings, requested, [{ ...poison, headers }]);
  // Four processes send their spans, each in its own time.
  await vi.waitFor(
    async () => {
      requestSpans = await jaeger.trace(traceId);
      expect(namesOf(requestSpans)).toEqual(
        expect.arrayContaining(['POST /v1/deletions', 'forget in round', 'complete']),
      );
      roundSpans = await jaeger.trace(linkOf(only(requestSpans, 'forget in round')).traceID);
      expect(namesOf(roundSpans)).toEqual(
        expect.arrayContaining(['round', 'process model.verdict.v1', 'put serving']),
      );
      poisonSpans = await jaeger.trace(poisonTrace);
      expect(namesOf(poisonSpans)).toContain('process deletion.requested.v1');
      for (const span of roundSpans) expect(pathOf(roundSpans, span).at(-1)).toBe('round');
    },
    { timeout: 120_000, interval: 500 },
  );
  // The next round's commit finds that somebody else has taken over.
  await untilSettled(pipeline.surroundings, 'unlearner', 2);
  const owned = `lethe/unlearner/${requested}/${partitionOf(modelKey, partitions)}`;
  await fenceRaw(pipeline.surroundings, owned);
  await send(pipeline.world.requests.at(-2)!, fencedTrace);
  await vi.waitFor(
    async () => {
      const spans = await jaeger.trace(fencedTrace);
      expect(namesOf(spans)).toContain('complete');
      fencedRound = await jaeger.trace(linkOf(only(spans, 'forget in round')).traceID);
      expect(fencedRound.flatMap(eventsOf)).toEqual(expect.arrayContaining(['fenced', 'promoted']));
    },
    { timeout: 120_000, interval: 200 },
  );
}, 240_000);
afterAll(() => stack[Symbol.asyncDispose]());

it('goes on from its emitter through intake to its end', () => {
  expect(parentOf(only(requestSpans, 'POST /v1/deletions'))).toBe(emitterSpan);
  for (const name of ['forget in round', 'complete']) {
    expect(pathOf(requestSpans, only(requestSpans, name))).toEqual([name, 'POST /v1/deletions']);
  }
});

it('is linked with its round, which crosses Kafka from unlearner to evaluator to registry', () => {
  const round = only(roundSpans, 'round');
  expect(parentOf(round)).toBeUndefined();
  expect(linkOf(round).traceID).toBe(traceId);
  expect(pathOf(roundSpans, only(roundSpans, 'evaluate'))).toEqual([
    'evaluate',
    'process model.candidate.v1',
    'round',
  ]);
  expect(pathOf(roundSpans, only(roundSpans, 'process model.verdict.v1'))).toEqual([
    'process model.verdict.v1',
    'process model.candidate.v1',
    'round',
  ]);
  expect(namesOf(roundSpans)).toEqual(
    expect.arrayContaining([
      ...['compute', 'put blobs', 'put manifests', 'put verdicts', 'put serving'],
      'put decisions',
    ]),
  );
});

it('says of an event that is set aside so, and why, in the trace of who sent it', () => {
  const handled = only(poisonSpans, 'process deletion.requested.v1');
  expect(parentOf(handled)).toBe(emitterSpan);
  const [event = { fields: [] }] = handled.logs;
  const told = new Map(event.fields.map(({ key, value }) => [key, value]));
  expect(eventsOf(handled)).toEqual(['dead letter']);
  expect(told.get('reason')).toMatch(/\w/);
});

it('tells of a commit that another owner made impossible, where it happened, and went on', () => {
  const fenced = fencedRound.filter((span) => eventsOf(span).includes('fenced'));
  expect(fenced.map((span) => pathOf(fencedRound, span))).toEqual([
    ['send deletion.status.v1, model.candidate.v1', 'round'],
  ]);
  expect(fenced[0]?.tags).toContainEqual(
    expect.objectContaining({ key: 'error.type', value: 'fenced' }),
  );
});

it('tells of an attempt that is made again', () => {
  const attempts = roundSpans.filter(
    ({ operationName }) => operationName === 'process model.candidate.v1',
  );
  expect(attempts.flatMap(eventsOf)).toContain('retry');
  expect(attempts.length).toBeGreaterThan(1);
});

it("says in OpenTelemetry's words what carried it", () => {
  const sent = roundSpans.filter(({ operationName }) => operationName.startsWith('send '));
  expect(sent.length).toBeGreaterThan(0);
  for (const span of [...sent, only(roundSpans, 'process model.verdict.v1')]) {
    expect(span.tags).toContainEqual(
      expect.objectContaining({ key: 'messaging.system', value: 'kafka' }),
    );
  }
});

it('names no subject (P6)', () => {
  expect(JSON.stringify([requestSpans, roundSpans])).not.toContain(subject);
});
