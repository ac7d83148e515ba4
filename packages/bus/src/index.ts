export * from './backoff.ts';
export * from './kafka-bus.ts';
export * from './message-bus.ts';
export * from './murmur2.ts';
export { schemaVersion as messageLogVersion } from './sqlite/schema.ts';
export * from './sqlite-bus.ts';
