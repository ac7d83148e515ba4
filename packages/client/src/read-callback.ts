import { LetheError } from '@lethe/contracts';
import { type KeySet, type RequestStatusPredicate, verifyEvidence } from '@lethe/evidence';

export interface ReadCallbackOptions {
  /** The published keys: `parseKeySet` of what `lethe keys export` wrote. */
  readonly keys: KeySet;
  /** Who reads: a status of another emitter's request is refused. */
  readonly emitter: string;
  readonly now?: Date;
  /** What was signed longer ago is refused: somebody recorded it and sends it again. */
  readonly maxAgeMs?: number;
}

/**
 * What a callback says, when it is to be believed. Remember each `delivery_id` for `maxAgeMs` at
 * least, answer 2xx to one that you know, and do nothing else with it: callbacks come at least once.
 *
 * @param body the request's body, byte for byte
 * @throws LetheError `denied`: answer 401, and do not act on it
 */
export function readCallback(
  body: Uint8Array,
  { keys, emitter, now = new Date(), maxAgeMs = 5 * 60_000 }: ReadCallbackOptions,
): RequestStatusPredicate {
  const verified = verifyEvidence(body, keys, now);
  if (verified.kind !== 'valid') {
    throw new LetheError('denied', `the callback is not believed: ${verified.explanation}`);
  }
  const { predicateType, predicate } = verified.statement;
  if (predicateType !== 'urn:lethe:request-status:v1') {
    throw new LetheError('denied', `the callback is no status of a request: ${predicateType}`);
  }
  const status = predicate as RequestStatusPredicate;
  if (status.emitter !== emitter) {
    throw new LetheError('denied', `the callback is for emitter ${status.emitter}`);
  }
  if (now.getTime() - Date.parse(status.issued_time) > maxAgeMs) {
    throw new LetheError(
      'denied',
      `the callback was signed at ${status.issued_time}: too long ago`,
    );
  }
  return status;
}
