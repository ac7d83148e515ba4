import type { RequestStatus } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import type { ProjectedRequest } from '../requests/request-projection.ts';

export function requestStatus(
  { current, history }: Pick<ProjectedRequest, 'current' | 'history'>,
  now: Date,
): RequestStatus {
  const { deadline } = current;
  return {
    current,
    history: [...history],
    deadline,
    daysLeft: deadline === undefined ? 0 : daysLeft(deadline, now),
  };
}
