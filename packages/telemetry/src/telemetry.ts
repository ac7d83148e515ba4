import type { IncomingMessage, ServerResponse } from 'node:http';

export interface TelemetryOptions {
  /** `service.name` of everything that is exported, for example `lethe-unlearner`. */
  readonly service: string;
  readonly version: string;
  /** The SDK's own variables (`OTEL_*`) decide what is sent where. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether metrics will be asked for at {@link Telemetry.serveMetrics}. */
  readonly scraped: boolean;
}

export interface Telemetry extends AsyncDisposable {
  /** Whether anything is recorded at all. */
  readonly active: boolean;
  /** Answers a scrape in Prometheus' text format; `undefined` when nothing is scraped. */
  readonly serveMetrics: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}
