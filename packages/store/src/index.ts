export * from './blob-store.ts';
export { digestOfFile } from './file-digest.ts';
export * from './folder-store.ts';
export * from './object-store.ts';
export * from './probe-object-store.ts';
