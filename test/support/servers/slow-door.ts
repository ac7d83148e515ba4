import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** Before a server of this machine: its answers come late, or not at all while that is so. */
export class SlowDoor implements AsyncDisposable {
  /** Where it is, on the loopback interface. */
  readonly port: number;
  /** The port of the server behind it, which may come up later. */
  target = 0;
  /** How long an answer takes, from now on and of what waits; `Infinity`: there is none. */
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (client) => this.#pass(client));
  }

  static async open(): Promise<SlowDoor> {
    const [server, port] = [createServer(), await freePort()];
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new SlowDoor(server, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.pipe(server);
    client.on('close', () => server.destroy());
    let passed = Promise.resolve();
    server.on('data', (piece) => {
      const cameMs = performance.now();
      passed = passed.then(async () => {
        while (!client.destroyed && performance.now() - cameMs < this.delayMs) await sleep(10);
        if (!client.destroyed) client.write(piece);
      });
    });
    server.on('close', () => void passed.then(() => client.destroySoon()));
  }
}
