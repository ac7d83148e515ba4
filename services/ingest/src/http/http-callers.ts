import { type CallGuard, httpCredentials, type Identity } from '@lethe/service-kit';
import type { FastifyRequest } from 'fastify';
import { ownEmitterOf } from '../handlers/ingest-handlers.ts';

/** Whoever sends over HTTP what `SubmitDeletions` takes needs the same role. */
const rpc = { service: 'lethe.v1.IngestService', name: 'submitDeletions' };

/** Who calls over HTTP: known before the body is read. */
export class HttpCallers {
  readonly #guard: CallGuard;
  readonly #identities = new WeakMap<FastifyRequest, Identity>();

  constructor(guard: CallGuard) {
    this.#guard = guard;
  }

  /** For routes that take requests: refuses, by 401 or 403, whoever may not send any. */
  readonly required = {
    onRequest: async (request: FastifyRequest): Promise<void> => {
      this.#identities.set(request, await this.#guard.admit(rpc, httpCredentials(request.raw)));
    },
  };

  /** The only emitter that the caller may speak for; `undefined`: any. */
  ownEmitter(request: FastifyRequest): string | undefined {
    const identity = this.#identities.get(request);
    if (identity === undefined) throw new Error('this route does not ask who calls');
    return ownEmitterOf(identity);
  }
}
