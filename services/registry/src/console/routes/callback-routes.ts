import type { CallbackPage } from '@lethe/console';
import { CallbackState } from '@lethe/contracts';
import { pageLimitIn, stateIn } from '../fields.ts';
import { callbackView } from '../views/callback-view.ts';
import {
  type Answer,
  type ConsoleCall,
  type ConsoleContext,
  get,
  json,
  post,
  type Route,
} from './route.ts';

export const callbackRoutes: readonly Route[] = [
  get('/callbacks', 'CallbackService.listCallbacks', listCallbacks),
  post('/callbacks/replay', 'CallbackService.replayCallback', async (context, { body, call }) => {
    const asked = { id: body.text('id'), requestId: '', emitter: '' };
    await context.callbacks.replayCallback(asked, call);
    return json({});
  }),
];

const states = {
  failed: CallbackState.CALLBACK_STATE_FAILED,
  pending: CallbackState.CALLBACK_STATE_PENDING,
  delivered: CallbackState.CALLBACK_STATE_DELIVERED,
} as const;

async function listCallbacks(
  { callbacks, hasCallbacks }: ConsoleContext,
  { query, call }: ConsoleCall,
): Promise<Answer> {
  const found = await callbacks.listCallbacks(
    {
      state: stateIn(query, 'show', states, 'failed'),
      emitter: query.get('emitter') ?? '',
      limit: pageLimitIn(query),
      pageToken: query.get('page') ?? '',
    },
    call,
  );
  return json({
    callbacks: found.deliveries.map(callbackView),
    next: found.nextPageToken,
    isConfigured: hasCallbacks,
  } satisfies CallbackPage);
}
