import {
  type ListRequestsRequest,
  type ListRequestsResponse,
  parseModelKey,
  RequestState,
} from '@lethe/contracts';
import { parseLimit, parsePageToken } from './page.ts';
import type { RegistryContext } from './registry-context.ts';
import { requestStatus } from './request-status.ts';

/**
 * Requests in the order in which they were heard of, or the latest first, a page at a time; an emitter sees its own.
 *
 * @throws LetheError `not_found` for a model that is not registered
 */
export async function listRequests(
  context: RegistryContext,
  request: ListRequestsRequest,
  ownEmitter?: string,
): Promise<ListRequestsResponse> {
  const { modelKey, state } = request;
  const limit = parseLimit(request.limit);
  const found = context.projection.list({
    ...(modelKey === '' ? {} : { modelKey: parseModelKey(modelKey) }),
    ...(state === RequestState.REQUEST_STATE_UNSPECIFIED ? {} : { state }),
    ...(ownEmitter === undefined ? {} : { emitter: ownEmitter }),
    afterPosition: request.pageToken === '' ? undefined : parsePageToken(request.pageToken),
    newestFirst: request.newestFirst,
    // One more than asked for tells whether there is a next page.
    limit: limit + 1,
  });
  if (found.length === 0 && modelKey !== '') await context.board.registration(modelKey);
  const page = found.slice(0, limit);
  return {
    requests: page.map((each) => requestStatus(each, context)),
    nextPageToken: found.length > limit ? String(page.at(-1)?.position) : '',
  };
}
