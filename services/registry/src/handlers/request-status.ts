import type { RequestStatus } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import type { ProjectedRequest } from '../requests/request-projection.ts';
import type { RegistryContext } from './registry-context.ts';

export function requestStatus(
  { current, history, deadline }: ProjectedRequest,
  { clock, deadLetters }: Pick<RegistryContext, 'clock' | 'deadLetters'>,
): RequestStatus {
  return {
    current,
    history: [...history],
    deadline,
    daysLeft: deadline === undefined ? 0 : daysLeft(deadline, clock.now()),
    deadLetters: deadLetters.ofRequest(current.requestId, current.emitter),
  };
}
