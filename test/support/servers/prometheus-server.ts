import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prometheusProgram } from '../../../scripts/servers/recipe.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

/** A point of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusOptions {
  /** `HOST:PORT` of what is scraped at `/metrics`. */
  readonly targets: readonly string[];
  /** `1s`, `100ms`. */
  readonly every: string;
  /** A storage that is there already; default: an empty one. */
  readonly storage?: string;
}

/** A real Prometheus on a free loopback port, in a temporary folder that goes with it. */
export class PrometheusServer implements AsyncDisposable {
  readonly url: string;
  readonly process: ServerProcess;

  private constructor(url: string, process: ServerProcess) {
    this.url = url;
    this.process = process;
  }

  static async start({ targets, every, storage }: PrometheusOptions): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-prometheus-'));
    const address = `127.0.0.1:${await freePort()}`;
    // YAML reads JSON.
    const config = {
      global: { scrape_interval: every, scrape_timeout: every },
      scrape_configs: [{ job_name: 'lethe', static_configs: [{ targets }] }],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const process = await ServerProcess.start({
      name: 'prometheus',
      command: prometheusProgram('prometheus'),
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${storage ?? join(folder, 'data')}`,
        '--storage.tsdb.retention.time=90d',
        `--web.listen-address=${address}`,
        '--log.level=warn',
      ],
      folder,
      isReady: async () =>
        (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.status === 200,
    });
    return new PrometheusServer(`http://${address}`, process);
  }

  /** @throws what Prometheus says is wrong with the query */
  async query(expression: string): Promise<readonly Sample[]> {
    const result = await this.#ask('query', { query: expression });
    return (result as { metric: Record<string, string>; value: [number, string] }[]).map(
      ({ metric, value }) => ({ metric, value: Number(value[1]) }),
    );
  }

  /** As a panel asks; the number of series. Times in seconds since 1970. */
  async queryRange(query: string, start: number, end: number, step: number): Promise<number> {
    const range = { query, start: String(start), end: String(end), step: String(step) };
    return ((await this.#ask('query_range', range)) as unknown[]).length;
  }

  async #ask(what: string, fields: Record<string, string>): Promise<unknown> {
    const answer = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(fields)}`);
    const body = (await answer.json()) as {
      status: string;
      error?: string;
      data: { result: unknown };
    };
    if (body.status !== 'success') throw new Error(`${fields['query']}: ${body.error}`);
    return body.data.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
