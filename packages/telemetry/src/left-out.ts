/**
 * Spans that are not even made: those below one that was not sampled. The samplers `parentbased_…`
 * would decide the same, after all the work of making a span; others decide for each span.
 */
import { isSpanContextValid, type SpanContext, TraceFlags } from '@opentelemetry/api';

let leavesOut = false;

export function leaveOutUnsampled(leave: boolean): void {
  leavesOut = leave;
}

export function isLeftOut(above: SpanContext | undefined): boolean {
  if (!leavesOut || above === undefined) return false;
  return (above.traceFlags & TraceFlags.SAMPLED) === 0 && isSpanContextValid(above);
}
