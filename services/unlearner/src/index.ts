export {
  defaultLadder,
  type UnlearnerConfig,
  unlearnerConfigTable,
  unlearnerSettings,
} from './config.ts';
export type { Ladder, Rung } from './domain/ladder.ts';
export { createUnlearnerService, type UnlearnerDeps } from './service.ts';
