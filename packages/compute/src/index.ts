export * from './backend.ts';
export type { DeathReason } from './child-handle.ts';
export { ComputeProcess, type ComputeProcessOptions } from './compute-process.ts';
export { howToInstall } from './how-to-install.ts';
export * from './job.ts';
export type { JobRunner } from './job-runner.ts';
export { openBackend } from './open-backend.ts';
export type { ProcessUsage } from './process-usage.ts';
export type { JobLimits, JobOptions } from './running-job.ts';
