import type { JobOptions } from './running-job.ts';

/** Runs numeric work away from the event loop: a ComputeProcess, or a stand-in that plants faults. */
export interface JobRunner {
  run<Input, Output, Progress>(
    moduleUrl: string | URL,
    input: Input,
    options?: JobOptions<Progress>,
  ): Promise<Output>;
}
