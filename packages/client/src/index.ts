export * from './deletion-client.ts';
export type { Snapshot } from './model-folder.ts';
export * from './read-callback.ts';
export * from './served-model.ts';
