import { startTelemetry } from '@lethe/telemetry';
import { type TracerProvider, trace } from '@opentelemetry/api';

/** Off, all traces, one in a hundred; metrics are kept in all three. */
export const modes = ['off', 'on', 'sampled'] as const;
export type Mode = (typeof modes)[number];

/** Tracing that can be switched while a process runs. */
export interface SwitchedTracing extends AsyncDisposable {
  set(mode: Mode): void;
  /** Sends what is not sent yet. */
  flush(): Promise<void>;
}

/**
 * Starts telemetry once for each mode, as a process of Lethe does that has its environment; then
 * only the provider of tracers is exchanged, which is all that differs. Without one spans are
 * OpenTelemetry's own that do nothing, as with `OTEL_TRACES_EXPORTER=none`.
 *
 * @param sink address of a collector's traces
 */
export async function switchedTracing(sink: string): Promise<SwitchedTracing> {
  const collected = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: sink,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  };
  const on = await started(collected);
  const sampled = await started({
    ...collected,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  });
  const providers = { off: undefined, on: on.provider, sampled: sampled.provider };
  let current: FlushedProvider | undefined;
  return {
    set(mode) {
      trace.disable();
      current = providers[mode];
      if (current !== undefined) trace.setGlobalTracerProvider(current);
    },
    flush: async () => await current?.forceFlush(),
    async [Symbol.asyncDispose]() {
      await on.telemetry[Symbol.asyncDispose]();
      await sampled.telemetry[Symbol.asyncDispose]();
    },
  };
}

type FlushedProvider = TracerProvider & { forceFlush(): Promise<void> };

async function started(env: Readonly<Record<string, string>>) {
  trace.disable();
  // The SDK reads the process's own.
  Object.assign(process.env, env);
  const options = { service: 'lethe', version: 'bench', env: process.env, scraped: true };
  const telemetry = await startTelemetry(options);
  const proxy = trace.getTracerProvider() as unknown as { getDelegate(): FlushedProvider };
  return { telemetry, provider: proxy.getDelegate() };
}
