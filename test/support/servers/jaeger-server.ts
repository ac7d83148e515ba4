import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jaegerProgram } from '../../../scripts/servers/recipe.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

/** A span as Jaeger's API gives it. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly {
    readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
    readonly traceID: string;
    readonly spanID: string;
  }[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly logs: readonly {
    readonly fields: readonly { readonly key: string; readonly value: unknown }[];
  }[];
}

/** A real Jaeger that keeps traces in memory, with OTLP over HTTP, on free loopback ports. */
export class JaegerServer implements AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly otlp: string;
  readonly process: ServerProcess;
  readonly #api: string;

  private constructor(otlp: string, api: string, process: ServerProcess) {
    this.otlp = otlp;
    this.#api = api;
    this.process = process;
  }

  static async start(): Promise<JaegerServer> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-jaeger-'));
    const [otlp, api, grpc] = [await freePort(), await freePort(), await freePort()];
    // YAML reads JSON.
    await writeFile(join(folder, 'config.yaml'), JSON.stringify(configOf({ otlp, api, grpc })));
    const process = await ServerProcess.start({
      name: 'jaeger',
      command: jaegerProgram(),
      args: ['--config', join(folder, 'config.yaml')],
      // It would trace itself.
      env: { OTEL_TRACES_SAMPLER: 'always_off' },
      folder,
      isReady: async () => {
        const answer = await fetch(`http://127.0.0.1:${api}/api/services`).catch(() => undefined);
        return answer?.status === 200;
      },
    });
    return new JaegerServer(`http://127.0.0.1:${otlp}`, `http://127.0.0.1:${api}`, process);
  }

  /** Spans of a trace; none while it is not known. */
  async trace(traceId: string): Promise<readonly JaegerSpan[]> {
    const answer = await fetch(`${this.#api}/api/traces/${traceId}`);
    if (answer.status === 404) return [];
    const { data } = (await answer.json()) as { data: { spans: JaegerSpan[] }[] };
    return data.flatMap(({ spans }) => spans);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

interface Ports {
  readonly otlp: number;
  readonly api: number;
  readonly grpc: number;
}

function configOf({ otlp, api, grpc }: Ports) {
  const at = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  return {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    },
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 100_000 } } } },
      jaeger_query: { storage: { traces: 'memory' }, http: at(api), grpc: at(grpc) },
    },
    receivers: { otlp: { protocols: { http: at(otlp) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  };
}
