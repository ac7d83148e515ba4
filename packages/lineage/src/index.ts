export * from './fold.ts';
export * from './keys.ts';
export * from './lineage-reader.ts';
export * from './lineage-store.ts';
export * from './model-state.ts';
export type { PutOutcome } from './put-once.ts';
export * from './request-key.ts';
