import { count } from '@lethe/telemetry';
import type { Log } from '../log/log.ts';

/** A compute process is gone that was wanted; the next job starts another. */
export function workerDied(log: Log, stage: 'unlearner' | 'evaluator', reason: string): void {
  count('lethe.worker.deaths', { stage, reason });
  log.warn('a compute process is gone and is replaced', { stage, reason });
}
