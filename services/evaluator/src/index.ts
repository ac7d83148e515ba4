export { type EvaluatorConfig, evaluatorConfigTable, evaluatorSettings } from './config.ts';
export { makeHeldKey, readHeldKey } from './held/held-key-file.ts';
export type { HeldKey } from './held/seal.ts';
export { createEvaluatorService, type EvaluatorDeps } from './service.ts';
