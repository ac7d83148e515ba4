import {
  type GetRequestRequest,
  LetheError,
  parseEmitter,
  parseRequestId,
  type RequestStatus,
} from '@lethe/contracts';
import { requireOwnEmitter } from '@lethe/service-kit';
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
  const [found, other] = context.projection.find(requestId, emitter);
  if (found === undefined) {
    const of = emitter === '' ? '' : ` of emitter ${emitter}`;
    throw new LetheError(
      'not_found',
      `there is no request ${requestId}${of}. It may be on its way: try again in a moment.`,
    );
  }
  if (other !== undefined) {
    const description = 'is missing, and several emitters used this request id';
    throw LetheError.invalid('emitter', '', description, 'Name the emitter.');
  }
  return requestStatus(found, context);
}
