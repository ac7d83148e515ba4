export {
  defaultLadder,
  type UnlearnerConfig,
  unlearnerConfigTable,
  unlearnerSettings,
} from './config.ts';
export type { Ladder, Rung } from './domain/ladder.ts';
export type { JobRunner } from './job-runner.ts';
export { createUnlearnerService, type UnlearnerDeps } from './service.ts';
