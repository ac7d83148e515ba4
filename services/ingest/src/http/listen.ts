import { LetheError } from '@lethe/contracts';
import type { FastifyInstance } from 'fastify';

/** Listens on `HOST:PORT` (port 0: a free one); gives the address taken. @throws LetheError `precondition` */
export async function listen(app: FastifyInstance, address: string): Promise<string> {
  const cut = address.lastIndexOf(':');
  const host = address.slice(0, cut).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(cut + 1));
  if (cut <= 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw LetheError.invalid('http', address, 'is not HOST:PORT', 'For example 127.0.0.1:8080.');
  }
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const message = `HTTP address ${address} cannot be taken: ${(cause as Error).message}. Choose another, or port 0 for a free one.`;
    throw new LetheError('precondition', message, { cause });
  }
  const taken = app.server.address();
  return typeof taken === 'object' && taken !== null ? `${host}:${taken.port}` : address;
}
