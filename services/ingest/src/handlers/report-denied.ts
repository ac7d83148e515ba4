import { type Log, reportRefusal } from '@lethe/service-kit';
import type { ReservationResult } from '../index/reservation-queue.ts';

/** Logs and counts a batch of which requests were denied: once, however many there are. */
export function reportDenied(
  log: Log,
  method: string,
  results: readonly ReservationResult[],
): void {
  for (const each of results) {
    if (each.kind === 'error' && each.error.code === 'denied') {
      reportRefusal(log, method, each.error);
      return;
    }
  }
}
