import type { OutgoingRecord } from '@lethe/bus';
import {
  type CallbackDelivery,
  type CallbackServiceService,
  LetheError,
  type ListCallbacksRequest,
  type ListCallbacksResponse,
  parseEmitter,
  parseRequestId,
  type ReplayCallbackRequest,
} from '@lethe/contracts';
import {
  boundEmitter,
  type CallContext,
  type Handlers,
  requireOwnEmitter,
} from '@lethe/service-kit';
import { type DeliveryStore, folderOf } from '../callbacks/delivery-store.ts';
import { replayCallback, statusOf } from '../callbacks/replay-callback.ts';
import { findRequest } from './find-request.ts';
import { parseLimit } from './page.ts';
import type { RegistryContext } from './registry-context.ts';

export interface CallbackContext extends RegistryContext {
  readonly deliveries: DeliveryStore;
  readonly publish: (records: readonly OutgoingRecord[]) => Promise<void>;
}

/** Objects looked at for one page: a page may be shorter than asked for. */
const mostRead = 2_000;
const idPattern = /^[0-9a-f]{64}$/;

export function callbackHandlers(
  context: CallbackContext,
): Handlers<typeof CallbackServiceService> {
  return {
    listCallbacks: (request, call) => list(context, request, ownOf(call)),
    getCallback: ({ id }, call) => find(context, id, ownOf(call)),
    async replayCallback(request, call) {
      const own = boundEmitter(call.identity, ['operator']);
      return { id: await replay(context, request, own) };
    },
  };
}

function ownOf({ identity }: CallContext): string | undefined {
  return boundEmitter(identity, ['operator', 'approver', 'auditor']);
}

async function list(
  { deliveries }: CallbackContext,
  { state, emitter, limit, pageToken }: ListCallbacksRequest,
  own: string | undefined,
): Promise<ListCallbacksResponse> {
  requireOwnEmitter(own, emitter);
  const wanted = own ?? (emitter === '' ? '' : parseEmitter(emitter));
  const most = parseLimit(limit);
  if (pageToken !== '') requireId(pageToken, 'page_token');
  const found: CallbackDelivery[] = [];
  let read = 0;
  for await (const delivery of deliveries.list(folderOf[state], pageToken)) {
    if (wanted === '' || delivery.emitter === wanted) found.push(delivery);
    read += 1;
    if (found.length === most || read === mostRead) {
      return { deliveries: found, nextPageToken: delivery.id };
    }
  }
  return { deliveries: found, nextPageToken: '' };
}

/** Of somebody else's an emitter does not even learn that it is there. */
async function find(
  { deliveries }: CallbackContext,
  id: string,
  own: string | undefined,
): Promise<CallbackDelivery> {
  const found = await deliveries.find(requireId(id, 'id'));
  if (found !== undefined && (own === undefined || found.emitter === own)) return found;
  throw new LetheError('not_found', `there is no callback ${id}. See: lethe callbacks list`);
}

async function replay(
  context: CallbackContext,
  { id, requestId, emitter }: ReplayCallbackRequest,
  own: string | undefined,
): Promise<string> {
  if (id !== '') {
    const delivery = await find(context, id, own);
    return await replayCallback(context.publish, statusOf(delivery), delivery.traceparent);
  }
  requireOwnEmitter(own, emitter);
  const stated = emitter || (own ?? '');
  const { current } = findRequest(
    context.projection,
    parseRequestId(requestId),
    stated === '' ? '' : parseEmitter(stated),
  );
  return await replayCallback(context.publish, current, '');
}

function requireId(text: string, field: string): string {
  if (idPattern.test(text)) return text;
  const remedy = 'Take one from: lethe callbacks list.';
  throw LetheError.invalid(field, text, 'is no id of a callback', remedy);
}
