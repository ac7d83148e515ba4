import { ComputeProcess, type ComputeProcessOptions, type JobOptions } from '@lethe/compute';
import type { JobRunner } from './job-runner.ts';

/** Several compute processes as one: a job goes to the one with the fewest waiting. */
export function openComputePool(
  count: number,
  options: ComputeProcessOptions,
): JobRunner & AsyncDisposable {
  const members = Array.from({ length: count }, () => ({
    process: new ComputeProcess(options),
    waiting: 0,
  }));
  return {
    async run<Input, Output, Progress>(
      moduleUrl: string | URL,
      input: Input,
      jobOptions: JobOptions<Progress> = {},
    ): Promise<Output> {
      const member = members.reduce((least, other) =>
        other.waiting < least.waiting ? other : least,
      );
      member.waiting += 1;
      try {
        return await member.process.run<Input, Output, Progress>(moduleUrl, input, jobOptions);
      } finally {
        member.waiting -= 1;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map(({ process }) => process[Symbol.asyncDispose]()));
    },
  };
}
