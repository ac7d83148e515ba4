import { LetheError } from '@lethe/contracts';
import type { ProjectedRequest } from '../requests/projected-request.ts';
import type { RequestProjection } from '../requests/request-projection.ts';

/**
 * A request by its id; without an emitter the id has to be enough.
 *
 * @throws LetheError `not_found`; `invalid` naming `emitter` when several emitters used the id
 */
export function findRequest(
  projection: RequestProjection,
  requestId: string,
  emitter: string,
): ProjectedRequest {
  const [found, other] = projection.find(requestId, emitter);
  if (found === undefined) {
    const of = emitter === '' ? '' : ` of emitter ${emitter}`;
    throw new LetheError(
      'not_found',
      `there is no request ${requestId}${of}. It may be on its way: try again in a moment.`,
    );
  }
  if (other === undefined) return found;
  const description = 'is missing, and several emitters used this request id';
  throw LetheError.invalid('emitter', '', description, 'Name the emitter.');
}
