import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of the loopback interface that nobody uses now. Taken from below the range out of which
 * systems give ports to outgoing connections, so that a server that was killed finds its port
 * free when it starts again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * portsToEach);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
}

const given = new Set<number>();

/** Test files that run at the same time look in places of their own: a port is free until it is used. */
const portsToEach = 3_750;
const firstPort = 15_000 + portsToEach * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 4);

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
