export * from './backend.ts';
export * from './job.ts';
