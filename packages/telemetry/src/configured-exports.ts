/** What the SDK's own variables (`OTEL_*`) ask to be sent. Without a word of theirs: nothing. */

export function sendsTraces(env: NodeJS.ProcessEnv): boolean {
  return isSent(env, 'OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
}

export function sendsMetrics(env: NodeJS.ProcessEnv): boolean {
  return isSent(env, 'OTEL_METRICS_EXPORTER', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT');
}

export function isDisabled(env: NodeJS.ProcessEnv): boolean {
  return env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
}

/** Whether a span is sampled where its parent is: all samplers but those that ask each span. */
export function followsParents(env: NodeJS.ProcessEnv): boolean {
  return !/^(always_on|traceidratio)$/.test(env['OTEL_TRACES_SAMPLER']?.trim() ?? '');
}

/** Whether spans go as the SDK sends them unless told otherwise: OTLP, as protobuf over HTTP. */
export function sendsTracesAsProtobuf(env: NodeJS.ProcessEnv): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER']?.trim() || 'otlp';
  const protocol =
    env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']?.trim() ||
    env['OTEL_EXPORTER_OTLP_PROTOCOL']?.trim() ||
    'http/protobuf';
  return sendsTraces(env) && exporter === 'otlp' && protocol === 'http/protobuf';
}

function isSent(env: NodeJS.ProcessEnv, exporter: string, endpoint: string): boolean {
  const chosen = env[exporter]?.trim();
  if (chosen) return chosen !== 'none';
  return Boolean(env[endpoint] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT']);
}
