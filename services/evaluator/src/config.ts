import { type ConfigOf, defineConfig, sharedSettings, workerSettings } from '@lethe/service-kit';

/** Settings of the evaluator beyond those that every service has. */
export const evaluatorSettings = defineConfig({
  ...workerSettings,
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
    default: 256,
    unit: 'MiB',
    range: [0, 65_536],
    help: 'Memory for what known models said about known samples.',
  },
  evaluations: {
    env: 'LETHE_EVALUATIONS',
    flag: 'evaluations',
    type: 'integer',
    default: 1,
    range: [1, 64],
    help: 'Compute processes: candidates of so many models are evaluated at once.',
  },
  memoryMiB: {
    env: 'LETHE_EVALUATION_MEMORY_MIB',
    flag: 'evaluation-memory-mib',
    type: 'integer',
    default: 4096,
    unit: 'MiB',
    range: [64, 1_048_576],
    help: 'Memory that running evaluations may need together, as estimated; more wait.',
  },
  heldKeyFile: {
    env: 'LETHE_HELD_KEY_FILE',
    flag: 'held-key-file',
    type: 'string',
    default: '',
    help: 'File with a 256-bit key (openssl rand -hex 32). With it, forget sets are held, sealed, until their deadline, so that reversal can be seen. Empty: nothing is held.',
  },
});

/** Everything that the evaluator can be told when it runs alone. */
export const evaluatorConfigTable = defineConfig({ ...sharedSettings, ...evaluatorSettings });

export type EvaluatorConfig = ConfigOf<typeof evaluatorSettings>;
