export * from './backend.ts';
export * from './job.ts';
export { openBackend } from './open-backend.ts';
