import type { Server } from 'node:tls';
import { contextOptions, followTls, type ServerTls } from '@lethe/service-kit';
import type { FastifyInstance } from 'fastify';

/** What fastify needs to speak TLS; nothing for plaintext. */
export async function httpsOptions(tls: ServerTls | undefined): Promise<object> {
  if (tls === undefined) return {};
  const https = {
    ...contextOptions(await tls.files.current()),
    requestCert: tls.hasClientCa,
    // Who shows no certificate may have a token.
    rejectUnauthorized: tls.requireClientCertificate,
    minVersion: 'TLSv1.2',
  };
  return { https };
}

/** Takes new certificates as their files change, until the app closes. */
export function followCertificates(app: FastifyInstance, tls: ServerTls): void {
  const server = app.server as unknown as Server;
  const follower = followTls(tls, (material) => server.setSecureContext(contextOptions(material)));
  app.addHook('onClose', () => follower[Symbol.dispose]());
}
