export * from './recorded-telemetry.ts';
