import {
  type GetRequestRequest,
  parseEmitter,
  parseRequestId,
  type RequestStatus,
} from '@lethe/contracts';
import { requireOwnEmitter } from '@lethe/service-kit';
import { findRequest } from './find-request.ts';
import type { RegistryContext } from './registry-context.ts';
import { requestStatus } from './request-status.ts';

/** Without an emitter the id has to be enough; an emitter only sees its own. */
export async function getRequest(
  context: RegistryContext,
  request: GetRequestRequest,
  ownEmitter?: string,
): Promise<RequestStatus> {
  const requestId = parseRequestId(request.requestId);
  requireOwnEmitter(ownEmitter, request.emitter);
  const stated = request.emitter || (ownEmitter ?? '');
  const emitter = stated === '' ? '' : parseEmitter(stated);
  const found = findRequest(context.projection, requestId, emitter);
  const models = found.current.modelCount === 0 ? [] : context.projection.childrenOf(found.current);
  return {
    ...requestStatus(found, context),
    models: models.map((each) => requestStatus(each, context)),
  };
}
