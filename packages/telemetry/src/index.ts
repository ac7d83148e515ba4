export * from './instruments.ts';
export * from './metric-table.ts';
export * from './span.ts';
export * from './start-telemetry.ts';
export * from './telemetry.ts';
export * from './trace-context.ts';
