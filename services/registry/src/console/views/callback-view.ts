import type { CallbackView } from '@lethe/console';
import type { CallbackDelivery } from '@lethe/contracts';
import { callbackStateWord, stateWord, timeText } from './words.ts';

/** Without what was sent: that is for its emitter. */
export function callbackView(delivery: CallbackDelivery): CallbackView {
  return {
    id: delivery.id,
    emitter: delivery.emitter,
    requestId: delivery.requestId,
    modelKey: delivery.modelKey,
    requestState: stateWord(delivery.requestState),
    state: callbackStateWord(delivery.state),
    attempts: delivery.attempts,
    createdTime: timeText(delivery.createdTime),
    lastAttemptTime: timeText(delivery.lastAttemptTime),
    nextAttemptTime: timeText(delivery.nextAttemptTime),
    httpStatus: delivery.httpStatus,
    problem: delivery.problem,
  };
}
