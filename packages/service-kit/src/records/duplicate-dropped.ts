import { addSpanEvent, count } from '@lethe/telemetry';

/** Tells, in metrics and on the active span, that something came again and changed nothing. */
export function duplicateDropped(stage: 'ingest' | 'unlearner' | 'evaluator' | 'registry'): void {
  count('lethe.duplicates.dropped', { stage });
  addSpanEvent('duplicate dropped');
}
