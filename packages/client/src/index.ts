export * from './deletion-client.ts';
export type { Snapshot } from './model-folder.ts';
export * from './served-model.ts';
