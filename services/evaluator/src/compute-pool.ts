import {
  ComputeProcess,
  type ComputeProcessOptions,
  type JobOptions,
  type JobRunner,
  type ProcessUsage,
} from '@lethe/compute';

export interface ComputePool extends JobRunner, AsyncDisposable {
  /** What all of them use together; nothing while none runs. */
  usage(): Promise<Omit<ProcessUsage, 'isRunnable'> | undefined>;
}

/** Several compute processes as one: a job goes to the one with the fewest waiting. */
export function openComputePool(count: number, options: ComputeProcessOptions): ComputePool {
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
    async usage() {
      const all = await Promise.all(members.map(({ process }) => process.usage()));
      const known = all.filter((usage) => usage !== undefined);
      if (known.length === 0) return undefined;
      const sum = (of: (usage: ProcessUsage) => number) =>
        known.reduce((total, usage) => total + of(usage), 0);
      return {
        residentBytes: sum((usage) => usage.residentBytes),
        cpuSeconds: sum((usage) => usage.cpuSeconds),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map(({ process }) => process[Symbol.asyncDispose]()));
    },
  };
}
