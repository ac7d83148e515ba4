import {
  type DeadLetterContent,
  type DeadLetterServiceService,
  DeadLetterState,
  type DecideDeadLetterRequest,
  LetheError,
  type ListDeadLettersRequest,
  type ListDeadLettersResponse,
  parseModelKey,
} from '@lethe/contracts';
import type { Handlers, Identity } from '@lethe/service-kit';
import type { DeadLetterDesk } from '../dead-letters/dead-letter-desk.ts';
import type { DeadLetterIndex } from '../dead-letters/dead-letter-index.ts';
import { parseLimit, parsePageToken } from './page.ts';

export interface DeadLetterContext {
  readonly index: DeadLetterIndex;
  readonly desk: DeadLetterDesk;
}

export function deadLetterHandlers(
  context: DeadLetterContext,
): Handlers<typeof DeadLetterServiceService> {
  const { desk } = context;
  return {
    listDeadLetters: async (request) => list(context, request),
    getDeadLetter: async ({ id }) => content(context, id),
    replayDeadLetter: (request, { identity }) => desk.replay(signed(request, identity)),
    dropDeadLetter: (request, { identity }) => desk.drop(signed(request, identity)),
  };
}

/** Whoever is known decides under that name, whatever they state. */
function signed(request: DecideDeadLetterRequest, identity: Identity): DecideDeadLetterRequest {
  return identity.kind === 'known' ? { ...request, actor: identity.name } : request;
}

function list(
  { index }: DeadLetterContext,
  request: ListDeadLettersRequest,
): ListDeadLettersResponse {
  const { state, topic, modelKey } = request;
  const limit = parseLimit(request.limit);
  const found = index.list({
    state:
      state === DeadLetterState.DEAD_LETTER_STATE_UNSPECIFIED
        ? DeadLetterState.DEAD_LETTER_STATE_OPEN
        : state,
    ...(topic === '' ? {} : { topic }),
    ...(modelKey === '' ? {} : { modelKey: parseModelKey(modelKey) }),
    afterPosition: parsePageToken(request.pageToken),
    // One more than asked for tells whether there is a next page.
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const { open, requests, nearestDeadline } = index.openCounts();
  return {
    deadLetters: page.map(({ letter }) => letter),
    nextPageToken: found.length > limit ? String(page.at(-1)?.position) : '',
    openCount: open,
    openRequestCount: requests,
    nearestDeadline,
  };
}

function content({ index, desk }: DeadLetterContext, id: string): DeadLetterContent {
  if (id === '') throw LetheError.invalid('id', id, 'is empty', 'Take one from: lethe dlq list.');
  const { position, letter } = desk.find(id);
  const original = index.original(position, letter.topic);
  const value = original?.value ?? new Uint8Array();
  return {
    deadLetter: letter,
    key: original?.key ?? '',
    headers: { ...original?.headers },
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  };
}
