import { expect, it } from 'vitest';
import { sendsTracesAsProtobuf } from './configured-exports.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

it.each([
  [true, endpoint],
  [true, { OTEL_TRACES_EXPORTER: 'otlp' }],
  [true, { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }],
  [false, {}],
  [false, { ...endpoint, OTEL_TRACES_EXPORTER: 'none' }],
  [false, { ...endpoint, OTEL_TRACES_EXPORTER: 'otlp,console' }],
  [false, { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
  [false, { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' }],
])(
  'spans go as protobuf over HTTP (%s) with %o; what else is asked for is left to the SDK',
  (expected, env) => {
    expect(sendsTracesAsProtobuf(env)).toBe(expected);
  },
);
