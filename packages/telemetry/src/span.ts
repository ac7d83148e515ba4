/** Spans around work. Without a started SDK all of this costs next to nothing. */

import { describeSafely, LetheError } from '@lethe/contracts';
import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { remoteContext, spanContextOf, traceparentOf } from './trace-context.ts';

export type { Attributes } from '@opentelemetry/api';

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export interface SpanOptions {
  readonly kind?: keyof typeof kinds;
  readonly attributes?: Attributes;
  /** `traceparent`s of spans that this one serves without being their child. */
  readonly links?: readonly (string | undefined)[];
  /** Default: the active span. A string: a `traceparent` from elsewhere. `none`: a new trace. */
  readonly parent?: { readonly traceparent: string | undefined } | 'none';
  /** For work that has begun before it is told, milliseconds since 1970. */
  readonly startMs?: number;
}

/** A span that its owner ends. */
export interface OpenSpan {
  readonly traceparent: string | undefined;
  /** Runs `work` so that what it begins are children of this span. */
  run<T>(work: () => T): T;
  set(attributes: Attributes): void;
  /** Something that happened while it lasted. */
  event(name: string, attributes?: Attributes): void;
  /** Marks it as failed, without anything that a caller sent (P6). */
  fail(thrown: unknown): void;
  end(): void;
}

export function beginSpan(name: string, options: SpanOptions = {}): OpenSpan {
  const [span, inside] = open(name, options);
  return {
    traceparent: traceparentOf(span.spanContext()),
    run: (work) => context.with(inside, work),
    set: (attributes) => void span.setAttributes(attributes),
    event: (name, attributes) => void span.addEvent(name, attributes),
    fail: (thrown) => markFailed(span, thrown),
    end: () => span.end(),
  };
}

/** Runs `work` inside a span, which ends when it settles. What is thrown goes on. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: OpenSpan) => Promise<T>,
): Promise<T> {
  const span = beginSpan(name, options);
  try {
    return await span.run(() => work(span));
  } catch (thrown) {
    span.fail(thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

/** A span for something that is over already. */
export function tellSpan(name: string, options: SpanOptions): void {
  beginSpan(name, options).end();
}

/** Something that happened inside the active span. */
export function addSpanEvent(name: string, attributes: Attributes = {}): void {
  trace.getSpan(context.active())?.addEvent(name, attributes);
}

/** Runs `work` as a continuation of the span that a traceparent names. */
export function continueTrace<T>(traceparent: string | undefined, work: () => T): T {
  return context.with(remoteContext(traceparent), work);
}

function markFailed(span: Span, thrown: unknown): void {
  const { code } = LetheError.from(thrown);
  span.setAttribute('error.type', code);
  // Whoever cancels has what they wanted: no error.
  if (code === 'cancelled') return;
  span.setStatus({ code: SpanStatusCode.ERROR, message: describeSafely(thrown) });
}

function open(name: string, options: SpanOptions) {
  const { kind = 'internal', attributes, links = [], parent, startMs } = options;
  const tracer = trace.getTracer('lethe');
  const above =
    parent === undefined
      ? context.active()
      : remoteContext(parent === 'none' ? undefined : parent.traceparent);
  const span = tracer.startSpan(
    name,
    {
      kind: kinds[kind],
      links: links.flatMap((link) => {
        const linked = spanContextOf(link);
        return linked === undefined ? [] : [{ context: linked }];
      }),
      ...(attributes === undefined ? {} : { attributes }),
      ...(startMs === undefined ? {} : { startTime: new Date(startMs) }),
    },
    above,
  );
  return [span, trace.setSpan(above, span)] as const;
}
