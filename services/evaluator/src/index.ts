export { type EvaluatorConfig, evaluatorConfigTable, evaluatorSettings } from './config.ts';
export * from './domain/policy.ts';
export { readPolicy, writePolicy } from './domain/read-policy.ts';
export type { JobRunner } from './job-runner.ts';
export { createEvaluatorService, type EvaluatorDeps } from './service.ts';
