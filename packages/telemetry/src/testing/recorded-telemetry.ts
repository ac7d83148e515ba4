import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace';
import { openInstruments } from '../instruments.ts';
import { leaveOutUnsampled } from '../left-out.ts';

/** What a test's process records, kept in memory. One at a time per process. */
export interface RecordedTelemetry extends AsyncDisposable {
  /** Ended spans, oldest first. */
  spans(): readonly ReadableSpan[];
  /** Metrics in Prometheus' text format. */
  scrape(): Promise<string>;
}

export function recordTelemetry(): RecordedTelemetry {
  const exporter = new InMemorySpanExporter();
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const sdk = new NodeSDK({
    autoDetectResources: false,
    metricReaders: [prometheus],
    logRecordProcessors: [],
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    spanLimits: { linkCountLimit: 4096 },
  });
  sdk.start();
  openInstruments();
  leaveOutUnsampled(true);
  return {
    spans: () => exporter.getFinishedSpans(),
    scrape: () =>
      new Promise((resolve) => {
        const response = { statusCode: 0, setHeader() {}, end: resolve };
        prometheus.getMetricsRequestHandler(undefined as never, response as never);
      }),
    [Symbol.asyncDispose]: () => sdk.shutdown(),
  };
}
