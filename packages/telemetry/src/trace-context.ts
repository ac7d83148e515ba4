/**
 * Trace context as text, after W3C Trace Context level 1: what goes into message headers, records
 * and calls. `00-<trace id>-<span id>-<flags>`, 55 characters.
 */
import {
  type Context,
  context,
  INVALID_SPANID,
  INVALID_TRACEID,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

/** Name of the header that carries it, in HTTP, gRPC metadata and messages. */
export const traceparentHeader = 'traceparent';

const format = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Context of the span that is active here; `undefined` where nothing is traced. */
export function activeTraceparent(): string | undefined {
  return traceparentOf(trace.getSpanContext(context.active()));
}

/** Id of the trace that is active here, 32 hexadecimal digits. */
export function activeTraceId(): string | undefined {
  const active = trace.getSpanContext(context.active());
  return namesSpan(active) ? active.traceId : undefined;
}

/** Id of the trace that a traceparent names; `undefined` when it is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return spanContextOf(traceparent)?.traceId;
}

export function traceparentOf(span: SpanContext | undefined): string | undefined {
  if (!namesSpan(span)) return undefined;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

/**
 * Whether it is one at all. Contexts come from the SDK or from {@link spanContextOf}: their digits
 * need no second look.
 */
export function namesSpan(span: SpanContext | undefined): span is SpanContext {
  return span !== undefined && span.traceId !== INVALID_TRACEID && span.spanId !== INVALID_SPANID;
}

/** What somebody else sent may be anything: `undefined` for all that is no trace context. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  if (traceparent === undefined || !format.test(traceparent)) return undefined;
  const traceId = traceparent.slice(3, 35);
  const spanId = traceparent.slice(36, 52);
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(traceparent.slice(53), 16),
    isRemote: true,
  };
}

/** A context whose spans are children of the one that a traceparent names; else without parent. */
export function remoteContext(traceparent: string | undefined): Context {
  const span = spanContextOf(traceparent);
  return span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span);
}
