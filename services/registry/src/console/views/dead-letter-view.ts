import type { DeadLetterView } from '@lethe/console';
import type { DeadLetter } from '@lethe/contracts';
import { deadLetterStateWord, timeText } from './words.ts';

/** Without its bytes, which may be personal: whoever needs them asks `lethe dlq show`. */
export function deadLetterView(letter: DeadLetter): DeadLetterView {
  const { resolution } = letter;
  return {
    id: letter.id,
    topic: letter.topic,
    partition: letter.partition,
    offset: String(letter.offset),
    stage: letter.stage,
    reason: letter.reason,
    errorClass: letter.errorClass,
    attempt: letter.attempt,
    time: timeText(letter.time),
    sizeBytes: letter.sizeBytes,
    state: deadLetterStateWord(letter.state),
    modelKey: letter.modelKey,
    requestId: letter.requestId,
    emitter: letter.emitter,
    deadline: timeText(letter.deadline),
    hasBody: letter.hasBody,
    decidedBy: resolution?.actor ?? '',
    decidedTime: timeText(resolution?.time),
    decisionReason: resolution?.reason ?? '',
  };
}
