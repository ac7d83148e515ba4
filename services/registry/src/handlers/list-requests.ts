import {
  LetheError,
  type ListRequestsRequest,
  type ListRequestsResponse,
  parseModelKey,
  RequestState,
} from '@lethe/contracts';
import type { RegistryContext } from './registry-context.ts';
import { requestStatus } from './request-status.ts';

const defaultLimit = 100;
const maxLimit = 1_000;

/**
 * Requests in the order in which they were heard of, a page at a time; an emitter sees its own.
 *
 * @throws LetheError `not_found` for a model that is not registered
 */
export async function listRequests(
  { board, projection, clock }: RegistryContext,
  request: ListRequestsRequest,
  ownEmitter?: string,
): Promise<ListRequestsResponse> {
  const { modelKey, state } = request;
  const limit = parseLimit(request.limit);
  const found = projection.list({
    ...(modelKey === '' ? {} : { modelKey: parseModelKey(modelKey) }),
    ...(state === RequestState.REQUEST_STATE_UNSPECIFIED ? {} : { state }),
    ...(ownEmitter === undefined ? {} : { emitter: ownEmitter }),
    afterPosition: parsePageToken(request.pageToken),
    // One more than asked for tells whether there is a next page.
    limit: limit + 1,
  });
  if (found.length === 0 && modelKey !== '') await board.registration(modelKey);
  const page = found.slice(0, limit);
  const now = clock.now();
  return {
    requests: page.map((each) => requestStatus(each, now)),
    nextPageToken: found.length > limit ? String(page.at(-1)?.position) : '',
  };
}

function parseLimit(limit: number): number {
  if (limit === 0) return defaultLimit;
  if (limit <= maxLimit) return limit;
  throw LetheError.invalid('limit', limit, `must be at most ${maxLimit}`, 'Ask page by page.');
}

function parsePageToken(token: string): number {
  if (token === '') return 0;
  if (/^\d{1,15}$/.test(token)) return Number(token);
  const remedy = 'Give next_page_token of the page before, or nothing for the first.';
  throw LetheError.invalid('page_token', token, 'is not a page token', remedy);
}
