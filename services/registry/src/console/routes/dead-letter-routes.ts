import type { DeadLetterAnswer, DeadLetterPage } from '@lethe/console';
import { DeadLetterState } from '@lethe/contracts';
import { pageLimitIn, stateIn } from '../fields.ts';
import { deadLetterView } from '../views/dead-letter-view.ts';
import { timeText } from '../views/words.ts';
import {
  type Answer,
  type ConsoleCall,
  type ConsoleContext,
  get,
  json,
  post,
  type Route,
} from './route.ts';

export const deadLetterRoutes: readonly Route[] = [
  get('/dead-letters', 'DeadLetterService.listDeadLetters', listDeadLetters),
  post('/dead-letters/replay', 'DeadLetterService.replayDeadLetter', async (context, asked) =>
    decided(await context.letters.replayDeadLetter(decision(asked), asked.call)),
  ),
  post('/dead-letters/drop', 'DeadLetterService.dropDeadLetter', async (context, asked) =>
    decided(await context.letters.dropDeadLetter(decision(asked), asked.call)),
  ),
];

const states = {
  open: DeadLetterState.DEAD_LETTER_STATE_OPEN,
  replayed: DeadLetterState.DEAD_LETTER_STATE_REPLAYED,
  dropped: DeadLetterState.DEAD_LETTER_STATE_DROPPED,
} as const;

async function listDeadLetters(
  { letters }: ConsoleContext,
  { query, call }: ConsoleCall,
): Promise<Answer> {
  const found = await letters.listDeadLetters(
    {
      state: stateIn(query, 'show', states, 'open'),
      topic: '',
      modelKey: '',
      limit: pageLimitIn(query),
      pageToken: query.get('page') ?? '',
    },
    call,
  );
  return json({
    deadLetters: found.deadLetters.map(deadLetterView),
    next: found.nextPageToken,
    openCount: found.openCount,
    openRequestCount: found.openRequestCount,
    nearestDeadline: timeText(found.nearestDeadline),
  } satisfies DeadLetterPage);
}

/** Who decides is who is known; where nobody is asked, the name that the caller gives itself. */
function decision({ body, call }: ConsoleCall) {
  return {
    id: body.text('id'),
    reason: body.text('reason'),
    actor: call.header('x-lethe-actor') ?? 'anyone',
    outOfOrder: body.flag('outOfOrder'),
  };
}

function decided({ already, note }: DeadLetterAnswer): Answer {
  return json({ already, note } satisfies DeadLetterAnswer);
}
