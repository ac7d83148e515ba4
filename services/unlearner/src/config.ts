import { LetheError } from '@lethe/contracts';
import { type ConfigOf, defineConfig, sharedSettings, workerSettings } from '@lethe/service-kit';
import { type Ladder, parseLadder } from './domain/ladder.ts';

const day = 24 * 60 * 60;

/** Settings of the unlearner beyond those that every service has. */
export const unlearnerSettings = defineConfig({
  ...workerSettings,
  maxBatch: {
    env: 'LETHE_MAX_BATCH',
    flag: 'max-batch',
    type: 'integer',
    default: 64,
    unit: 'samples',
    range: [1, 4096],
    help: 'Most samples of one round; bigger requests are split over rounds.',
  },
  maxWaitMs: {
    env: 'LETHE_MAX_WAIT_MS',
    flag: 'max-wait-ms',
    type: 'integer',
    default: 2000,
    unit: 'ms',
    range: [0, 86_400_000],
    help: 'How long a request waits for others to share its round.',
  },
  deadlineMarginSeconds: {
    env: 'LETHE_DEADLINE_MARGIN_SECONDS',
    flag: 'deadline-margin-seconds',
    type: 'integer',
    default: 7 * day,
    unit: 's',
    range: [0, 365 * day],
    help: 'A request whose legal deadline is nearer than this goes first and does not wait.',
  },
  ladder: {
    env: 'LETHE_LADDER',
    flag: 'ladder',
    type: 'string',
    default: '',
    help: 'Settings tried one after the other when the gate refuses, as JSON: [{"method":"lethe","max_batch":16,"settings":{}}, …]. Empty: the built-in ladder.',
  },
  recheckMs: {
    env: 'LETHE_DECISION_RECHECK_MS',
    flag: 'decision-recheck-ms',
    type: 'integer',
    default: 1000,
    unit: 'ms',
    range: [10, 3_600_000],
    help: 'How often the store is asked for a decision that no event announced.',
  },
  windowSize: {
    env: 'LETHE_WINDOW_SIZE',
    flag: 'window-size',
    type: 'integer',
    default: 10_000,
    unit: 'requests',
    range: [1, 1_000_000],
    help: 'Most requests of one partition that are read and not yet in a manifest.',
  },
  heldOutLimit: {
    env: 'LETHE_HELD_OUT_LIMIT',
    flag: 'held-out-limit',
    type: 'integer',
    default: 1000,
    unit: 'samples',
    range: [1, 1_000_000],
    help: 'Most samples of the stop sets that steer a round.',
  },
  seed: {
    env: 'LETHE_SEED',
    flag: 'seed',
    type: 'integer',
    default: 0,
    range: [0, 4_294_967_295],
    help: 'Seed of all rounds; each derives its own from this, the model and its sequence.',
  },
});

/** Everything that the unlearner can be told when it runs alone. */
export const unlearnerConfigTable = defineConfig({ ...sharedSettings, ...unlearnerSettings });

export type UnlearnerConfig = ConfigOf<typeof unlearnerSettings>;

/** @throws LetheError `invalid` naming what is wrong with the ladder */
export function ladderOf(config: UnlearnerConfig): Ladder {
  if (config.ladder.trim() === '') return defaultLadder;
  let value: unknown;
  try {
    value = JSON.parse(config.ladder);
  } catch {
    throw LetheError.invalid(
      'ladder',
      config.ladder,
      'is not JSON',
      'For example [{"method":"lethe"},{"method":"lethe","max_batch":16}].',
    );
  }
  return parseLadder(value, 'ladder');
}

/**
 * The recipe as it stands; the same on smaller batches, which cost less accuracy; and those with
 * a firmer hold on what is kept, the other kind of steps, and more patience.
 */
export const defaultLadder: Ladder = [
  { method: 'lethe', settings: {} },
  { method: 'lethe', settings: {}, maxBatch: 16 },
  {
    method: 'lethe',
    settings: { steps: 'adam', retainWeight: 32, stepLimit: 1600, repairSteps: 200 },
    maxBatch: 16,
  },
];
