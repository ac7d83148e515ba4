/**
 * What a Lethe of some size carries: a simulation of its queues, and what its records take.
 * node --disable-warning=ExperimentalWarning bench/capacity.ts [--requests-per-day N] [--models N] … [--json]
 */
import { parseArgs } from 'node:util';
import { simulate } from './capacity/simulate.ts';
import { storageOf } from './capacity/storage.ts';

/** Name, default, meaning. Rounds and evaluations as measured for ResNet-20 on two cores. */
const settings = {
  'requests-per-day': [1_000, 'requests that arrive'],
  days: [30, 'simulated time'],
  models: [10, 'models they are spread over'],
  'samples-per-request': [4, 'samples that a request names'],
  'max-batch': [64, 'most samples of one round'],
  'max-wait': [2, 'seconds that a batch waits to fill'],
  'round-seconds': [20, 'seconds of a round, whatever its size'],
  'sample-seconds': [0.6, 'seconds more for every sample'],
  'evaluation-seconds': [30, 'seconds of a verdict'],
  'refused-share': [0.05, 'share of candidates that the gate refuses'],
  unlearners: [1, 'unlearners that compute'],
  evaluators: [1, 'evaluations at once'],
  weights: [272_474, 'trainable weights of a network'],
  'kept-days': [7, 'days that superseded weights are kept'],
  seed: [0, 'of arrivals and refusals'],
} as const;

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      Object.entries(settings).map(([name, [value]]) => [
        name,
        { type: 'string', default: String(value) } as const,
      ]),
    ),
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values['help'] === true) {
  for (const [name, [value, meaning]] of Object.entries(settings)) {
    process.stdout.write(`--${name} N (${value})  ${meaning}\n`);
  }
  process.exit(0);
}

function number(name: keyof typeof settings): number {
  const value = Number((values as Record<string, unknown>)[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number from 0 on`);
}

const result = simulate({
  requestsPerDay: number('requests-per-day'),
  days: number('days'),
  models: number('models'),
  samplesPerRequest: number('samples-per-request'),
  maxBatchSamples: number('max-batch'),
  maxWaitSeconds: number('max-wait'),
  roundSeconds: number('round-seconds'),
  sampleSeconds: number('sample-seconds'),
  evaluationSeconds: number('evaluation-seconds'),
  refusedShare: number('refused-share'),
  unlearners: number('unlearners'),
  evaluators: number('evaluators'),
  seed: number('seed'),
});
const storageGiB = storageOf({
  requests: result.completed,
  rounds: result.rounds,
  models: number('models'),
  weights: number('weights'),
  keptDays: number('kept-days'),
  roundsPerDay: result.rounds / number('days'),
});
if (values['json'] === true) {
  process.stdout.write(`${JSON.stringify({ ...result, storageGiB })}\n`);
} else {
  const { completed, open, rounds, requestsPerRound, seconds, unlearnersBusy, evaluatorsBusy } =
    result;
  const minutes = (value: number) => `${(value / 60).toFixed(1)} min`;
  const lines = [
    `completed ${completed}, open at the end ${open}; ${rounds} rounds of ${requestsPerRound.toFixed(1)} requests`,
    `from arrival to completion: p50 ${minutes(seconds.p50)}, p95 ${minutes(seconds.p95)}, p99 ${minutes(seconds.p99)}`,
    `busy: unlearners ${(100 * unlearnersBusy).toFixed(0)} %, evaluators ${(100 * evaluatorsBusy).toFixed(0)} %`,
    ...Object.entries(storageGiB).map(
      ([what, gib]) => `${gib.toFixed(3).padStart(9)} GiB  ${what}`,
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
