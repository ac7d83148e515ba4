import type { RequestStatus } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import { clockPercent } from '../requests/legal-alerts.ts';
import type { ProjectedRequest } from '../requests/projected-request.ts';
import { isEnd } from '../requests/request-progress.ts';
import type { RegistryContext } from './registry-context.ts';

export function requestStatus(
  { current, history, deadline }: ProjectedRequest,
  { clock, deadLetters }: Pick<RegistryContext, 'clock' | 'deadLetters'>,
): RequestStatus {
  const now = clock.now();
  // The clock of what has ended stands still.
  const atMs = isEnd(current.state) ? (current.time ?? now).getTime() : now.getTime();
  const submittedMs = current.submittedTime?.getTime() ?? 0;
  return {
    current,
    history: [...history],
    deadline,
    daysLeft: deadline === undefined ? 0 : daysLeft(deadline, now),
    deadLetters: deadLetters.ofRequest(current.requestId, current.emitter),
    clockPercent: clockPercent(submittedMs, deadline?.getTime() ?? 0, atMs),
    models: [],
  };
}
