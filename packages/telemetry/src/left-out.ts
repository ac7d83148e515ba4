/**
 * Spans that are not even made: those below one that was not sampled. The samplers `parentbased_…`
 * would decide the same, after all the work of making a span; others decide for each span.
 */
import { type SpanContext, TraceFlags } from '@opentelemetry/api';
import { namesSpan } from './trace-context.ts';

let leavesOut = false;

export function leaveOutUnsampled(leave: boolean): void {
  leavesOut = leave;
}

export function isLeftOut(above: SpanContext | undefined): boolean {
  return leavesOut && namesSpan(above) && (above.traceFlags & TraceFlags.SAMPLED) === 0;
}
