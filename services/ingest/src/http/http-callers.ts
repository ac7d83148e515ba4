import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { CallGuard, Credentials, Identity } from '@lethe/service-kit';
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
      this.#identities.set(request, await this.#guard.admit(rpc, credentialsOf(request)));
    },
  };

  /** The only emitter that the caller may speak for; `undefined`: any. */
  ownEmitter(request: FastifyRequest): string | undefined {
    const identity = this.#identities.get(request);
    if (identity === undefined) throw new Error('this route does not ask who calls');
    return ownEmitterOf(identity);
  }
}

function credentialsOf({ headers, raw }: FastifyRequest): Credentials {
  const socket = raw.socket as Partial<TLSSocket>;
  return {
    authorization: headers.authorization,
    certificate: socket.authorized === true ? certificateOf(socket) : undefined,
  };
}

function certificateOf(socket: Partial<TLSSocket>): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate?.();
  return certificate?.raw === undefined ? undefined : certificate;
}
