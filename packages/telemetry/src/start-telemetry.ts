import { isDisabled, sendsMetrics, sendsTraces } from './configured-exports.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

const off: Telemetry = {
  active: false,
  serveMetrics: undefined,
  async [Symbol.asyncDispose]() {},
};

/**
 * Starts the OpenTelemetry SDK where something is to be exported, and loads it only then. Disposing
 * sends what is not sent yet, and waits no longer than the exporters' own time-outs.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { env, scraped } = options;
  if (isDisabled(env) || !(scraped || sendsTraces(env) || sendsMetrics(env))) return off;
  const { startSdk } = await import('./sdk.ts');
  return startSdk(options);
}
