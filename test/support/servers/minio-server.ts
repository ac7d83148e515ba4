import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minioProgram } from '../../../scripts/servers/recipe.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface MinioOptions {
  /** Four drives tolerate the loss of one; all lie on one disk. Default one. */
  readonly drives?: 1 | 4;
  /** An empty folder that is its only drive instead, a small disk for example; it stays. */
  readonly drive?: string;
  /** Serves TLS with these PEM texts. */
  readonly certificate?: { readonly certificate: string; readonly privateKey: string };
}

/** A real MinIO server on a free loopback port, in a temporary folder that goes with it. */
export class MinioServer implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Can be killed, paused and restarted. */
  readonly process: ServerProcess;
  readonly #folder: string;

  private constructor(
    url: URL,
    credentials: { readonly accessKey: string; readonly secretKey: string },
    server: ServerProcess,
    folder: string,
  ) {
    this.url = url.origin;
    this.port = Number(url.port);
    this.accessKey = credentials.accessKey;
    this.secretKey = credentials.secretKey;
    this.process = server;
    this.#folder = folder;
  }

  static async start(options: MinioOptions = {}): Promise<MinioServer> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-minio-'));
    const certificates = join(folder, 'certs');
    await mkdir(certificates);
    if (options.certificate) {
      await writeFile(join(certificates, 'public.crt'), options.certificate.certificate);
      await writeFile(join(certificates, 'private.key'), options.certificate.privateKey);
    }
    const scheme = options.certificate ? 'https' : 'http';
    const url = new URL(`${scheme}://127.0.0.1:${await freePort()}`);
    const credentials = {
      accessKey: `root-${randomBytes(6).toString('hex')}`,
      secretKey: randomBytes(18).toString('hex'),
    };
    const ownDrives = () =>
      Array.from({ length: options.drives ?? 1 }, (_, n) => join(folder, `${n + 1}`));
    const drives = options.drive === undefined ? ownDrives() : [options.drive];
    try {
      const server = await ServerProcess.start({
        name: 'minio',
        command: minioProgram(),
        args: [
          ...['server', '--quiet', '--anonymous', '--certs-dir', certificates],
          ...['--address', url.host, ...drives],
        ],
        env: {
          MINIO_ROOT_USER: credentials.accessKey,
          MINIO_ROOT_PASSWORD: credentials.secretKey,
          MINIO_BROWSER: 'off',
          MINIO_UPDATE: 'off',
          // Drives of one disk are no protection, which is fine here.
          MINIO_CI_CD: '1',
        },
        folder,
        // It calls itself ready before it knows its users; until then every request gets a 503.
        isReady: async () =>
          (await statusOf(new URL('/minio/health/ready', url))) === 200 &&
          (await statusOf(url)) === 403,
      });
      return new MinioServer(url, credentials, server, folder);
    } catch (thrown) {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      throw thrown;
    }
  }

  /** Nobody needs the data any more: it is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function statusOf(url: URL): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { rejectUnauthorized: false, timeout: 2_000 })
        : httpRequest(url, { timeout: 2_000 });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.end();
  });
}
