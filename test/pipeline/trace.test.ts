import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ComputeProcess } from '@lethe/compute';
import { createEvaluatorService, evaluatorSettings } from '@lethe/evaluator';
import { KeyRing } from '@lethe/evidence';
import { defaultPolicy } from '@lethe/gate';
import { createIngestService } from '@lethe/ingest';
import { LineageStore, openLineage } from '@lethe/lineage';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import {
  createLog,
  ResourceStack,
  readConfig,
  systemClock,
  TracedBus,
  TracedStore,
} from '@lethe/service-kit';
import { traceIdOf } from '@lethe/telemetry';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TinyWorld, until } from '../support/tiny-world.ts';

type Span = ReturnType<RecordedTelemetry['spans']>[number];

const emitterTrace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const subject = 'subject-3';
const stack = new ResourceStack();
const logLines: string[] = [];
let telemetry: RecordedTelemetry;
let world: TinyWorld;

beforeAll(async () => {
  telemetry = recordTelemetry();
  stack.use(telemetry);
  world = stack.use(await TinyWorld.create(['tiny']));
  const bus = new TracedBus(world.bus);
  const lineages = new LineageStore(new TracedStore(world.lineages.store), world.lineages.blobs);
  const compute = stack.use(new ComputeProcess({ backend: { prefer: 'js' } }));
  const settings = { env: {}, argv: [] };
  const destination = { write: (line: string) => logLines.push(line) };
  const deps = {
    bus,
    lineages,
    lineage: lineages,
    compute,
    keys: KeyRing.open(join(world.folder, 'keys'), new Date()),
    clock: systemClock,
    log: createLog({ service: 'test', level: 'debug', format: 'json', destination }),
    onFatal: (error: Error) => {
      throw error;
    },
  };
  const services = [
    createRegistryService({
      ...deps,
      projectionFile: join(world.folder, 'registry.sqlite'),
      retention: retentionOf(readConfig(registrySettings, settings)),
    }),
    createEvaluatorService({
      ...deps,
      policy: defaultPolicy,
      heldKey: undefined,
      config: readConfig(evaluatorSettings, settings),
    }),
    createUnlearnerService({
      ...deps,
      config: { ...readConfig(unlearnerSettings, settings), maxWaitMs: 20 },
    }),
  ];
  const ingest = createIngestService({
    ...deps,
    indexFile: join(world.folder, 'ingest.sqlite'),
    httpAddress: '127.0.0.1:0',
    defaultEmitter: 'shop',
  });
  for (const service of [...services, ingest]) await stack.use(service).start();

  const response = await fetch(`http://${ingest.httpAddress()}/v1/deletions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: emitterTrace },
    body: JSON.stringify({ requestId: randomUUID(), modelKey: 'tiny', scope: { subject } }),
  });
  expect(response.status).toBe(202);
  await until('it is completed', () => spansNamed('complete').length > 0);
  // The promotion is told inside the span of the record that brought the verdict.
  await until('its span has ended', () => spansNamed('process model.verdict.v1').length > 0);
});
afterAll(() => stack[Symbol.asyncDispose]());

function spansNamed(name: string): Span[] {
  return telemetry.spans().filter((span) => span.name === name);
}

function only(name: string): Span {
  const [span] = spansNamed(name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
}

/** Names of the spans above one, nearest first. */
function ancestry(span: Span): string[] {
  const parent = telemetry
    .spans()
    .find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent === undefined ? [] : [parent.name, ...ancestry(parent)];
}

describe('the trace of one request', () => {
  it('goes from its emitter through intake to its end', () => {
    const intake = only('POST /v1/deletions');
    expect(intake.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    for (const name of ['forget in round', 'complete']) {
      expect(only(name).spanContext().traceId).toBe(traceIdOf(emitterTrace));
      expect(ancestry(only(name))).toEqual(['POST /v1/deletions']);
    }
    expect(only('complete').attributes).toMatchObject({
      'lethe.request_state': 'REQUEST_STATE_COMPLETED',
      'lethe.sequence': 1,
    });
  });

  it('is linked with the round that serves it, both ways', () => {
    const [round, forget] = [only('round'), only('forget in round')];
    expect(round.links.map(({ context }) => context.traceId)).toEqual([traceIdOf(emitterTrace)]);
    expect(forget.links.map(({ context }) => context.spanId)).toEqual([round.spanContext().spanId]);
  });
});

describe('the trace of one round', () => {
  it('holds computing, the store, the gate and the promotion without a gap', () => {
    for (const name of [
      'compute',
      'put manifests',
      'send deletion.status.v1, model.candidate.v1',
    ]) {
      expect([name, ancestry(only(name))]).toEqual([name, ['round']]);
    }
    const judged = ['round'];
    expect(ancestry(only('process model.candidate.v1'))).toEqual(judged);
    expect(ancestry(only('evaluate'))).toEqual(['process model.candidate.v1', ...judged]);
    expect(ancestry(only('process model.verdict.v1'))).toEqual([
      'process model.candidate.v1',
      ...judged,
    ]);
    expect(only('process model.verdict.v1').events.map(({ name }) => name)).toContain('promoted');
  });

  it('is named in its manifest, so that whoever goes on after a crash goes on in it', async () => {
    const lineage = await openLineage(world.lineages, 'tiny');
    const found = await world.lineages.manifest('tiny', lineage.state.head.sequence);
    expect(traceIdOf(found?.record.traceparent)).toBe(only('round').spanContext().traceId);
  });

  it('says whom it served, from which weights it came, and what it stored, by digest', async () => {
    const found = await world.lineages.manifest('tiny', 1);
    const entry = found?.record.entry;
    if (entry?.$case !== 'round') throw new Error('the first manifest is no round');
    const { parentWeightsDigest, weightsDigest, stateDigest } = entry.value;
    expect(new Set([parentWeightsDigest, weightsDigest, stateDigest, found?.digest]).size).toBe(4);
    expect(only('round').attributes).toMatchObject({
      'lethe.model': 'tiny',
      'lethe.sequence': 1,
      'lethe.request_count': 1,
      'lethe.sample_count': 4,
      'lethe.outcome': 'committed',
      'lethe.parent_weights_digest': parentWeightsDigest,
      'lethe.weights_digest': weightsDigest,
      'lethe.state_digest': stateDigest,
      'lethe.manifest_digest': found?.digest,
    });
    expect(only('evaluate').attributes['lethe.weights_digest']).toBe(weightsDigest);
  });

  it('is named in the log lines that are written in it', () => {
    const line = logLines.find((each) => each.includes('a candidate was judged'));
    expect(JSON.parse(line ?? '{}').trace_id).toBe(only('round').spanContext().traceId);
  });
});

it('tells of nobody: no handle in any span, metric or log line (P6)', async () => {
  const spans = telemetry.spans().map(({ name, attributes, events, status, links }) => {
    return JSON.stringify({ name, attributes, events, status, links });
  });
  const metrics = await telemetry.scrape();
  expect(spans.length).toBeGreaterThan(10);
  expect(metrics).toContain('lethe_round_duration');
  for (const text of [...spans, ...logLines, metrics]) expect(text).not.toContain(subject);
});

it('measures every hop', async () => {
  const metrics = await telemetry.scrape();
  for (const name of [
    'http_server_request_duration_count',
    'lethe_intake_requests_total',
    'messaging_process_duration_count',
    'lethe_store_operation_duration_count',
    'lethe_round_samples_total',
    'lethe_evaluation_duration_count',
    'lethe_verdicts_total',
    'lethe_decisions_total',
    'lethe_request_duration_count',
  ]) {
    expect(metrics).toMatch(new RegExp(`^${name}\\{[^\\n]*\\} [1-9]`, 'm'));
  }
});
