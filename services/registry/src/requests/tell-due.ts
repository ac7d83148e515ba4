import { DeletionStatus, RequestState, topics } from '@lethe/contracts';
import { encodeEvent } from '@lethe/service-kit';
import { count } from '@lethe/telemetry';
import type { ExpireDeps } from './expire-requests.ts';
import { clockPercent, reachedAlert } from './legal-alerts.ts';

const atOnce = 500;

/** Says aloud of each open request of which 50, 75 or 90 % of the legal time are over that they are. */
export async function tellDue({
  projection,
  clock,
  log,
  publish,
}: Omit<ExpireDeps, 'recorder'>): Promise<number> {
  const now = clock.now();
  const due = projection.alertsDue(now, atOnce).map(({ current, deadline }) => {
    const submittedMs = current.submittedTime?.getTime() ?? 0;
    const percent = clockPercent(submittedMs, deadline?.getTime() ?? 0, now.getTime());
    return { current, deadline, percent: reachedAlert(percent) };
  });
  if (due.length === 0) return 0;
  const statuses = due.map(
    ({ current, deadline, percent }): DeletionStatus => ({
      ...current,
      state: RequestState.REQUEST_STATE_DUE,
      detail: `${percent} % of its legal time are over; it is due at ${deadline?.toISOString()}`,
      time: now,
      deadline,
      clockPercent: percent,
    }),
  );
  await publish(
    statuses.map((status) =>
      encodeEvent(topics.deletionStatus, status.modelKey, DeletionStatus, status),
    ),
  );
  // Not only when it comes back by the topic: until then it would be told again and again.
  projection.apply(statuses);
  for (const percent of new Set(due.map((each) => each.percent))) {
    const some = due.filter((each) => each.percent === percent);
    count('lethe.deadlines.near', { percent }, some.length);
    log.warn('requests are near their legal deadline', {
      alert: 'deadline_near',
      percent,
      count: some.length,
      nearest: new Date(Math.min(...some.map(({ deadline }) => deadline?.getTime() ?? 0))),
    });
  }
  return due.length;
}
