/** Spans around work. Without a started SDK all of this costs next to nothing. */

import { describeSafely, LetheError } from '@lethe/contracts';
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { isLeftOut } from './left-out.ts';
import { namesSpan, remoteContext, spanContextOf, traceparentOf } from './trace-context.ts';

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
  if (isLeftOut(trace.getSpanContext(above))) {
    return new LeftOutSpan(above, options.parent === undefined);
  }
  return new RecordedSpan(open(name, options, above), above);
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
  const { parent } = options;
  // Told of each request of a round: nothing is made where nothing will be recorded.
  if (parent !== undefined && parent !== 'none' && isLeftOut(spanContextOf(parent.traceparent)))
    return;
  beginSpan(name, options).end();
}

/** Whether a span that begins here would have a parent, and would be made. */
export function isTracedHere(): boolean {
  const above = trace.getSpanContext(context.active());
  return namesSpan(above) && !isLeftOut(above);
}

/** Something that happened inside the active span. */
export function addSpanEvent(name: string, attributes: Attributes = {}): void {
  trace.getSpan(context.active())?.addEvent(name, attributes);
}

/** Runs `work` as a continuation of the span that a traceparent names. */
export function continueTrace<T>(traceparent: string | undefined, work: () => T): T {
  return context.with(remoteContext(traceparent), work);
}

/** A span that the SDK makes, and the context that its children are begun in. */
class RecordedSpan implements OpenSpan {
  readonly #span: Span;
  readonly #above: Context;
  #inside: Context | undefined;

  constructor(span: Span, above: Context) {
    this.#span = span;
    this.#above = above;
  }

  get recorded(): boolean {
    return this.#span.isRecording();
  }

  get traceparent(): string | undefined {
    return traceparentOf(this.#span.spanContext());
  }

  run<T>(work: () => T): T {
    this.#inside ??= trace.setSpan(this.#above, this.#span);
    return context.with(this.#inside, work);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes?: Attributes): void {
    this.#span.addEvent(name, attributes);
  }

  fail(thrown: unknown): void {
    const { code } = LetheError.from(thrown);
    this.#span.setAttribute('error.type', code);
    // Whoever cancels has what they wanted: no error.
    if (code === 'cancelled') return;
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: describeSafely(thrown) });
  }

  end(): void {
    this.#span.end();
  }
}

function contextAbove({ parent }: SpanOptions): Context {
  if (parent === undefined) return context.active();
  return remoteContext(parent === 'none' ? undefined : parent.traceparent);
}

/** Hands on the trace that nobody records, so that its id is in logs and certificates all the same. */
class LeftOutSpan implements OpenSpan {
  readonly recorded = false;
  readonly #above: Context;
  /** Whether work runs in that context anyway. */
  readonly #isActive: boolean;

  constructor(above: Context, isActive: boolean) {
    this.#above = above;
    this.#isActive = isActive;
  }

  get traceparent(): string | undefined {
    return traceparentOf(trace.getSpanContext(this.#above));
  }

  run<T>(work: () => T): T {
    return this.#isActive ? work() : context.with(this.#above, work);
  }

  set(): void {}
  event(): void {}
  fail(): void {}
  end(): void {}
}

function open(name: string, options: SpanOptions, above: Context): Span {
  const { kind = 'internal', attributes, links, startMs } = options;
  return tracer().startSpan(
    name,
    {
      kind: kinds[kind],
      ...(links === undefined ? {} : { links: linksTo(links) }),
      ...(attributes === undefined ? {} : { attributes }),
      ...(startMs === undefined ? {} : { startTime: new Date(startMs) }),
    },
    above,
  );
}

function linksTo(traceparents: readonly (string | undefined)[]): Link[] {
  return traceparents.flatMap((traceparent) => {
    const linked = spanContextOf(traceparent);
    return linked === undefined ? [] : [{ context: linked }];
  });
}

let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined;

/** Looked up once for each provider that is registered: the SDK composes a name at every look. */
function tracer(): Tracer {
  const provider = trace.getTracerProvider();
  if (known?.provider !== provider) known = { provider, tracer: provider.getTracer('lethe') };
  return known.tracer;
}
