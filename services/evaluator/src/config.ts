import { type ConfigOf, defineConfig, sharedSettings } from '@lethe/service-kit';

/** Settings of the evaluator beyond those that every service has. */
export const evaluatorSettings = defineConfig({
  policy: {
    env: 'LETHE_POLICY',
    flag: 'policy',
    type: 'string',
    default: '',
    help: 'YAML file with the policy of the gate. Empty: the built-in one.',
  },
  cacheMiB: {
    env: 'LETHE_PREDICTION_CACHE_MIB',
    flag: 'prediction-cache-mib',
    type: 'integer',
    default: 64,
    unit: 'MiB',
    range: [0, 65_536],
    help: 'Memory for what known models said about known evaluation sets.',
  },
  backend: {
    env: 'LETHE_BACKEND',
    flag: 'backend',
    type: 'string',
    choices: ['auto', 'native', 'wasm'],
    default: 'auto',
    help: 'Compute backend; auto takes the best that is installed.',
  },
});

/** Everything that the evaluator can be told when it runs alone. */
export const evaluatorConfigTable = defineConfig({ ...sharedSettings, ...evaluatorSettings });

export type EvaluatorConfig = ConfigOf<typeof evaluatorSettings>;
