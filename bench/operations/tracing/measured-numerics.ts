import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ComputeProcess, type JobOptions, type JobRunner } from '@lethe/compute';
import { sha256 } from '@lethe/contracts';
import { makeHeldKey } from '@lethe/evaluator';
import { unlearnerSettings } from '@lethe/unlearner';
import type {
  RoundJobInput,
  RoundJobOutput,
} from '../../../services/unlearner/src/jobs/round-job.ts';
import { type Numerics, noNumerics } from '../../latency/embedded-pipeline.ts';
import { HeldRounds } from './held-rounds.ts';
import type { Network } from './networks.ts';

/** What unlearns and judges in lethe.ts. */
export interface MeasuredNumerics extends AsyncDisposable {
  readonly numerics: Numerics;
  readonly maxWaitMs: number;
  /** What computes; `undefined` where nothing does. */
  readonly backend: string | undefined;
  /** Lets no round end, where it would end before all requests of a block are there. */
  hold(): void;
  /** They are there. */
  letGo(): Promise<void>;
  /** Processor time so far of the processes that compute. */
  cpuSeconds(): Promise<number>;
  /** Of the weights that the last round made. */
  weightsDigest(): string | undefined;
}

/** After the last request is taken: what follows it comes to its end. */
const settleMs = 30;

export async function measuredNumerics(network: Network, folder: string) {
  return network === 'none' ? withoutNumerics() : await withRealNumerics(folder);
}

function withoutNumerics(): MeasuredNumerics {
  const held = new HeldRounds();
  return {
    numerics: noNumerics(held),
    maxWaitMs: 20,
    backend: undefined,
    hold: () => held.hold(),
    async letGo() {
      await pause(settleMs);
      held.letGo();
    },
    cpuSeconds: async () => 0,
    weightsDigest: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

/** As `lethe up` has them by default; a block is one full batch, which closes at once. */
async function withRealNumerics(folder: string): Promise<MeasuredNumerics> {
  const rounds = new ComputeProcess();
  const evaluations = new ComputeProcess();
  const seeded = new SeededByRows(rounds);
  return {
    numerics: {
      rounds: seeded,
      evaluations,
      policy: '',
      maxBatch: unlearnerSettings.maxBatch.default,
      heldKey: await makeHeldKey(join(folder, 'held.key')),
    },
    maxWaitMs: unlearnerSettings.maxWaitMs.default,
    backend: (await rounds.backend()).description,
    hold() {},
    async letGo() {},
    async cpuSeconds() {
      const usages = await Promise.all([rounds.usage(), evaluations.usage()]);
      return usages.reduce((sum, usage) => sum + (usage?.cpuSeconds ?? 0), 0);
    },
    weightsDigest: () => seeded.weightsDigest,
    async [Symbol.asyncDispose]() {
      await rounds[Symbol.asyncDispose]();
      await evaluations[Symbol.asyncDispose]();
    },
  };
}

/** Gives a round a seed that follows from its rows, whichever model it is of. */
class SeededByRows implements JobRunner {
  readonly #rounds: JobRunner;
  weightsDigest: string | undefined;

  constructor(rounds: JobRunner) {
    this.#rounds = rounds;
  }

  async run<Input, Output, Progress>(
    moduleUrl: string | URL,
    input: Input,
    options?: JobOptions<Progress>,
  ): Promise<Output> {
    const round = input as RoundJobInput;
    const seeded = { ...round, seed: round.rows[0] ?? 0 };
    const output = await this.#rounds.run<RoundJobInput, RoundJobOutput, Progress>(
      moduleUrl,
      seeded,
      options,
    );
    if (output.kind === 'computed') this.weightsDigest = sha256(output.weights);
    return output as Output;
  }
}
