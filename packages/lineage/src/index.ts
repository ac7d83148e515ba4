export type { PutOutcome } from '@lethe/store';
export * from './ancestry.ts';
export * from './fold.ts';
export * from './keys.ts';
export * from './lineage-reader.ts';
export * from './lineage-store.ts';
export * from './model-state.ts';
export * from './request-key.ts';
export * from './request-scope.ts';
