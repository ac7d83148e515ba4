/**
 * Promise P6 over a whole run: every span and metric that any service exports by OTLP, every scrape
 * and every log line is looked through for handles of subjects. Bytes are scanned as they come:
 * protobuf keeps text as it is, so nothing is missed that a decoder would not know.
 */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface ScanReport {
  /** Where a handle was found, each place once. */
  readonly found: readonly string[];
  readonly traceExports: number;
  readonly metricExports: number;
  readonly logBytes: number;
}

export class HandleScan implements AsyncDisposable {
  readonly url: string;
  readonly #handle: RegExp;
  readonly #close: () => Promise<void>;
  readonly #exports = { traces: 0, metrics: 0 };
  readonly #found = new Set<string>();

  private constructor(handle: RegExp, port: number, close: () => Promise<void>) {
    this.#handle = handle;
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  /** @param handle matches every handle of the run, and nothing else that may be exported */
  static async start(handle: RegExp): Promise<HandleScan> {
    let take: (path: string, body: Buffer) => void = () => {};
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      take(request.url ?? '', Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const scan = new HandleScan(handle, port, async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
    take = (path, body) => scan.#takeExport(path, body);
    return scan;
  }

  /** For services: send everything here, and soon. */
  get env(): Readonly<Record<string, string>> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_METRIC_EXPORT_INTERVAL: '2000',
    };
  }

  /** What was exported so far, with the logs of all services in a folder. */
  async report(folder: string): Promise<ScanReport> {
    let logBytes = 0;
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.log')) continue;
      const text = await readFile(join(folder, name), 'utf8');
      logBytes += text.length;
      this.#look(name, text);
    }
    const { traces: traceExports, metrics: metricExports } = this.#exports;
    return { found: [...this.#found], traceExports, metricExports, logBytes };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #takeExport(path: string, body: Buffer): void {
    if (path === '/v1/traces') this.#exports.traces += 1;
    if (path === '/v1/metrics') this.#exports.metrics += 1;
    this.#look(path, body.toString('latin1'));
  }

  #look(where: string, text: string): void {
    const at = text.search(this.#handle);
    if (at < 0) return;
    const around = text.slice(Math.max(0, at - 60), at + 40).replace(/[^\x20-\x7e]+/g, '·');
    this.#found.add(`${where}: …${around}…`);
  }
}
