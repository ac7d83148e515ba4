import { randomUUID } from 'node:crypto';
import { type Clock, takeRefusals, tallyRefusal } from '@lethe/service-kit';
import type { Recorder } from './recorder.ts';

/** Which process says so: two may refuse the same in the same minute. */
const process = randomUUID();

/**
 * Writes down what this process refused since the last time: one audit entry for each method and
 * reason, however many calls there were.
 */
export async function noteRefusals({
  recorder,
  clock,
}: {
  readonly recorder: Recorder;
  readonly clock: Clock;
}): Promise<number> {
  const refusals = takeRefusals();
  const time = clock.now();
  try {
    await recorder.note(
      refusals.map(({ method, reason, count }) => ({
        id: `access_refused/${process}/${time.getTime()}/${method}/${reason}`,
        kind: 'access_refused' as const,
        time,
        actor: 'registry',
        modelKey: '',
        details: { method, reason, count },
      })),
    );
  } catch (thrown) {
    for (const { method, reason, count } of refusals) tallyRefusal(method, reason, count);
    throw thrown;
  }
  return refusals.length;
}
