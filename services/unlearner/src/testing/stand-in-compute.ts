import type { JobOptions, JobRunner } from '@lethe/compute';
import type { RoundJobInput, RoundJobOutput } from '../jobs/round-job.ts';

/** What a planted fault does instead of the round; `undefined`: the round succeeds. */
export type PlantedFault = (
  input: RoundJobInput,
) => RoundJobOutput | undefined | Promise<RoundJobOutput | undefined>;

/**
 * Stands in for a compute process where a test plants faults or needs no numerics: new weights
 * follow from the old ones and the seed, the same bytes every time.
 */
export class StandInCompute implements JobRunner {
  readonly inputs: RoundJobInput[] = [];
  readonly #fault: PlantedFault;

  constructor(fault: PlantedFault = () => undefined) {
    this.#fault = fault;
  }

  async run<Input, Output, Progress>(
    _moduleUrl: string | URL,
    input: Input,
    _options: JobOptions<Progress> = {},
  ): Promise<Output> {
    const round = input as RoundJobInput;
    this.inputs.push(round);
    return ((await this.#fault(round)) ?? standInRound(round)) as Output;
  }
}

export function standInRound({
  weights,
  seed,
  settings,
}: RoundJobInput): Extract<RoundJobOutput, { kind: 'computed' }> {
  const changed = weights.slice();
  new DataView(changed.buffer).setUint32(0, seed);
  return {
    kind: 'computed',
    outcome: 'forgotten',
    weights: changed,
    state: new TextEncoder().encode(`state ${seed}`),
    metrics: {
      steps: 1,
      imagePasses: 2,
      trainingPasses: 1,
      forwardPasses: 1,
      forgetAccuracyBefore: 1,
      forgetAccuracyAfter: 0,
    },
    settings,
    backend: 'stand-in',
  };
}
