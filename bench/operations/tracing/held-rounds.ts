import type { JobOptions, JobRunner } from '@lethe/compute';
import { StandInRounds } from '../../../test/chaos/services/stand-in-round.ts';

/** Rounds that take no time, and do not end while they are held. */
export class HeldRounds implements JobRunner {
  readonly #rounds = new StandInRounds(() => 0);
  #held: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  letGo(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async run<Input, Output, Progress>(
    moduleUrl: string | URL,
    input: Input,
    options?: JobOptions<Progress>,
  ): Promise<Output> {
    await this.#held?.promise;
    return await this.#rounds.run(moduleUrl, input, options);
  }
}
