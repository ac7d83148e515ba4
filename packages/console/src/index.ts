export * from './console-page.ts';
export type * from './wire/index.ts';
