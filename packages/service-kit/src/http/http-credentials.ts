import type { IncomingMessage } from 'node:http';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Credentials } from '../security/identify.ts';

/** What the caller of an HTTP request shows of itself: a bearer token, a verified certificate. */
export function httpCredentials({ headers, socket }: IncomingMessage): Credentials {
  const secured = socket as Partial<TLSSocket>;
  return {
    authorization: headers.authorization,
    certificate: secured.authorized === true ? certificateOf(secured) : undefined,
  };
}

function certificateOf(socket: Partial<TLSSocket>): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate?.();
  return certificate?.raw === undefined ? undefined : certificate;
}
