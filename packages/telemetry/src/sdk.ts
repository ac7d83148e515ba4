/**
 * The OpenTelemetry SDK as Lethe runs it: spans by OTLP as `OTEL_*` says, metrics by OTLP, by
 * scraping, or both. Loaded only where something is exported.
 */
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  followsParents,
  sendsMetrics,
  sendsTraces,
  sendsTracesAsProtobuf,
} from './configured-exports.ts';
import { observe, openInstruments } from './instruments.ts';
import { leaveOutUnsampled } from './left-out.ts';
import { traceExporter } from './otlp/trace-exporter.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

/** A round may serve thousands of requests, and links to each; the SDK would keep 128. */
const linkCountLimit = 4096;

/** A round of 4,096 requests tells as many spans at once, and its promotion again; the SDK would keep 2,048. */
const spanQueue = '8192';

export function startSdk(options: TelemetryOptions): Telemetry {
  const { service, version, env, scraped } = options;
  const prometheus = scraped
    ? new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true })
    : undefined;
  const metricReaders: IMetricReader[] = [];
  if (prometheus !== undefined) metricReaders.push(prometheus);
  if (sendsMetrics(env)) {
    metricReaders.push(otlpMetrics(env));
  }
  env['OTEL_BSP_MAX_QUEUE_SIZE'] ??= spanQueue;
  const sdk = new NodeSDK({
    serviceName: env['OTEL_SERVICE_NAME'] ?? service,
    resource: resourceFromAttributes({ 'service.version': version }),
    metricReaders,
    logRecordProcessors: [],
    spanLimits: { linkCountLimit },
    ...(sendsTraces(env) ? {} : { spanProcessors: [] }),
    ...(sendsTracesAsProtobuf(env) ? { traceExporter: traceExporter() } : {}),
  });
  sdk.start();
  openInstruments();
  leaveOutUnsampled(followsParents(env));
  const memory = observe('process.memory.usage', () => [
    { value: process.memoryUsage.rss(), attributes: {} },
  ]);
  return {
    active: true,
    serveMetrics:
      prometheus && ((request, response) => prometheus.getMetricsRequestHandler(request, response)),
    async [Symbol.asyncDispose]() {
      await sdk.shutdown().catch(() => {});
      memory[Symbol.dispose]();
    },
  };
}

/** The reader does not look at these variables by itself when it is made by hand. */
function otlpMetrics(env: NodeJS.ProcessEnv): IMetricReader {
  const exportIntervalMillis = Number(env['OTEL_METRIC_EXPORT_INTERVAL']) || 60_000;
  const timeoutMs = Number(env['OTEL_METRIC_EXPORT_TIMEOUT']) || 30_000;
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(timeoutMs, exportIntervalMillis),
  });
}
