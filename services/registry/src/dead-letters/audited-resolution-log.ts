import { type DeadLetterResolution, DeadLetterState } from '@lethe/contracts';
import type { Recorder } from '../evidence/recorder.ts';
import type { ResolutionLog } from './resolution-log.ts';

/** A resolution log whose decisions stand in the audit log before anybody acts on them. */
export class AuditedResolutionLog implements ResolutionLog {
  readonly #resolutions: ResolutionLog;
  readonly #recorder: Recorder;

  constructor(resolutions: ResolutionLog, recorder: Recorder) {
    this.#resolutions = resolutions;
    this.#recorder = recorder;
  }

  async decide(resolution: DeadLetterResolution): Promise<DeadLetterResolution> {
    const decided = await this.#resolutions.decide(resolution);
    const { deadLetterId, state, reason, actor, time } = decided;
    await this.#recorder.note([
      {
        id: `dead_letter/${deadLetterId}`,
        kind: state === DeadLetterState.DEAD_LETTER_STATE_DROPPED ? 'dlq_dropped' : 'dlq_replayed',
        time: time ?? new Date(0),
        actor,
        modelKey: '',
        details: { dead_letter: deadLetterId, reason },
      },
    ]);
    return decided;
  }
}
