import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { traceRequest } from './trace-request.ts';

/** Spans as the SDK makes them, of two services. */
async function spansOf(
  make: (tracer: ReturnType<TracerProvider['getTracer']>) => void,
): Promise<ReadableSpan[]> {
  const exporter = new InMemorySpanExporter();
  for (const service of ['lethe-ingest', 'lethe-registry']) {
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'process.pid': 7 }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    make(provider.getTracer('lethe'));
    make(provider.getTracer('other', '1.2.3', { schemaUrl: 'https://schemas.invalid/1' }));
    await provider.forceFlush();
  }
  return exporter.getFinishedSpans();
}

const remote = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
};

function expectTheSdksBytes(spans: readonly ReadableSpan[]): void {
  const theirs = ProtobufTraceSerializer.serializeRequest([...spans])!;
  expect(Buffer.from(traceRequest(spans)).toString('hex')).toBe(
    Buffer.from(theirs).toString('hex'),
  );
}

describe('an export of spans', () => {
  it("has the bytes of the SDK's own", async () => {
    const spans = await spansOf((tracer) => {
      const above = trace.setSpanContext(ROOT_CONTEXT, remote);
      for (const kind of [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CONSUMER]) {
        const span = tracer.startSpan(
          `POST /v1/deletions ${kind}`,
          {
            kind,
            links: [{ context: remote, attributes: { why: 'because' } }, { context: remote }],
            attributes: {
              text: 'x',
              empty: '',
              long: 'y'.repeat(300),
              foreign: 'Löschung — 削除 🗑',
              foreignAndLong: 'ü'.repeat(100),
              lone: '\ud800',
              yes: true,
              no: false,
              zero: 0,
              count: 127,
              more: 128,
              many: 2 ** 40 + 5,
              most: Number.MAX_SAFE_INTEGER,
              less: -1,
              least: Number.MIN_SAFE_INTEGER,
              share: 0.1,
              list: ['a', 'b'],
              numbers: [1, 2.5, -3],
              nothing: [],
            },
            startTime: new Date(1_790_000_000_123),
          },
          above,
        );
        span.addEvent('fenced', { 'lethe.sequence': 3 });
        span.addEvent('promoted');
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'what went wrong' });
        span.end();
      }
      tracer.startSpan('root').end();
    });
    expect(spans).toHaveLength(16);
    expectTheSdksBytes(spans);
    expectTheSdksBytes(spans.slice(0, 1));
    expectTheSdksBytes([]);
  });

  it('has them too when a round links to four thousand requests', async () => {
    const links = Array.from({ length: 4_096 }, () => ({ context: remote }));
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({
      spanLimits: { linkCountLimit: 4_096 },
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    provider.getTracer('lethe').startSpan('round', { links }).end();
    await provider.forceFlush();
    expectTheSdksBytes(exporter.getFinishedSpans());
  });

  it('is a copy: what is written next does not change it', async () => {
    const [first, second] = await spansOf((tracer) => tracer.startSpan('a').end());
    const bytes = traceRequest([first!]);
    const before = Buffer.from(bytes);
    traceRequest([second!]);
    expect(before.equals(bytes)).toBe(true);
  });
});
