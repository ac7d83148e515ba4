import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsHttpServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { LetheError } from '@lethe/contracts';
import { followTls, type ServerTls, type TlsMaterial } from '../security/server-tls.ts';

export interface HttpOptions {
  /** Names the address in errors, for example `operations address`. */
  readonly what: string;
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  /** Without it, plain HTTP. */
  readonly tls?: ServerTls | undefined;
  readonly handle: RequestListener;
}

export interface HttpServer extends AsyncDisposable {
  /** `HOST:PORT` with the port that was taken. */
  readonly address: string;
}

/** How long a client may take to send a request. */
const requestTimeoutMs = 30_000;

/**
 * Serves HTTP, or HTTPS with certificates that are followed as their files change. Closing cuts
 * connections: whoever serves streams ends them first.
 *
 * @throws LetheError `invalid` for what is no address, `precondition` when it cannot be taken
 */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { what, address, tls, handle } = options;
  const { host, port } = parseAddress(what, address);
  const server = tls === undefined ? createServer(handle) : await createTls(tls, handle);
  server.requestTimeout = requestTimeoutMs;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new LetheError(
      'precondition',
      `${what} ${address} cannot be taken: ${LetheError.from(cause).message}. Choose another, or port 0 for a free one.`,
      { cause },
    );
  }
  const follower =
    tls &&
    followTls(tls, (material) =>
      (server as TlsHttpServer).setSecureContext(contextOptions(material)),
    );
  const taken = server.address() as AddressInfo;
  return {
    address: `${address.slice(0, address.lastIndexOf(':'))}:${taken.port}`,
    async [Symbol.asyncDispose]() {
      follower?.[Symbol.dispose]();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function createTls(tls: ServerTls, handle: RequestListener): Promise<Server> {
  const options = {
    ...contextOptions(await tls.files.current()),
    requestCert: tls.hasClientCa,
    // Who shows no certificate may have a token.
    rejectUnauthorized: tls.requireClientCertificate,
    minVersion: 'TLSv1.2' as const,
  };
  return createTlsServer(options, handle);
}

/** What Node's TLS takes. */
export function contextOptions({
  certificate,
  privateKey,
  clientCa,
}: TlsMaterial): SecureContextOptions {
  return {
    cert: certificate,
    key: privateKey,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  };
}

function parseAddress(what: string, address: string): { host: string; port: number } {
  const cut = address.lastIndexOf(':');
  const host = address.slice(0, cut).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(cut + 1));
  if (cut > 0 && Number.isInteger(port) && port >= 0 && port <= 65_535) return { host, port };
  throw LetheError.invalid(what, address, 'is not HOST:PORT', 'For example 127.0.0.1:8080.');
}
