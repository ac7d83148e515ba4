import { setTimeout as sleep } from 'node:timers/promises';
import type { JobOptions, JobRunner } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import type { RoundJobInput } from '../../../services/unlearner/src/jobs/round-job.ts';
import { standInRound } from '../../../services/unlearner/src/testing/stand-in-compute.ts';

/** A round that takes its time and computes nothing: the same weights for the same seed. */
export class StandInRounds implements JobRunner {
  readonly #durationMs: (sampleCount: number) => number;

  constructor(durationMs: (sampleCount: number) => number) {
    this.#durationMs = durationMs;
  }

  async run<Input, Output, Progress>(
    _moduleUrl: string | URL,
    input: Input,
    { signal }: JobOptions<Progress> = {},
  ): Promise<Output> {
    const round = input as RoundJobInput;
    const durationMs = this.#durationMs(round.rows.length);
    await sleep(durationMs, undefined, { signal }).catch((cause: Error) => {
      throw new LetheError('cancelled', 'the round was cancelled', { cause });
    });
    return standInRound(round) as Output;
  }
}
