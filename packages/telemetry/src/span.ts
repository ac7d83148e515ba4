/** Spans around work. Without a started SDK all of this costs next to nothing. */

import { describeSafely, LetheError } from '@lethe/contracts';
import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { isLeftOut } from './left-out.ts';
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
  /** Whether there is anything to mark and to end: `false` where its trace was not sampled. */
  readonly recorded: boolean;
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
  const above = contextAbove(options);
  if (isLeftOut(trace.getSpanContext(above))) return leftOut(above, options);
  const span = open(name, options, above);
  let inside: Context | undefined;
  return {
    recorded: span.isRecording(),
    get traceparent() {
      return traceparentOf(span.spanContext());
    },
    run(work) {
      inside ??= trace.setSpan(above, span);
      return context.with(inside, work);
    },
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
  if (!span.recorded) return span.run(() => work(span));
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

function contextAbove({ parent }: SpanOptions): Context {
  if (parent === undefined) return context.active();
  return remoteContext(parent === 'none' ? undefined : parent.traceparent);
}

/** Hands on the trace that nobody records, so that its id is in logs and certificates all the same. */
function leftOut(above: Context, { parent }: SpanOptions): OpenSpan {
  return {
    recorded: false,
    get traceparent() {
      return traceparentOf(trace.getSpanContext(above));
    },
    run: (work) => (parent === undefined ? work() : context.with(above, work)),
    set() {},
    event() {},
    fail() {},
    end() {},
  };
}

function open(name: string, options: SpanOptions, above: Context): Span {
  const { kind = 'internal', attributes, links = [], startMs } = options;
  return trace.getTracer('lethe').startSpan(
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
}
