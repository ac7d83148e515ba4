import { readFile } from 'node:fs/promises';

export interface ProcessUsage {
  /** Memory in bytes, tensors outside the JavaScript heap included. */
  readonly residentBytes: number;
  /** Processor time of all its threads since it began. */
  readonly cpuSeconds: number;
  /** Whether its main thread runs, or would if a processor were free. */
  readonly isRunnable: boolean;
}

/** The kernel counts in hundredths of a second, whatever its own tick. */
const ticksPerSecond = 100;

/** What a process uses, after proc(5); `undefined` where there is no such process or no Linux. */
export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    // The name, in parentheses, may hold anything: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, utime, stime] = [fields[0], fields[11], fields[12]];
    if (kibibytes === undefined || utime === undefined || stime === undefined) return undefined;
    return {
      residentBytes: Number(kibibytes) * 1024,
      cpuSeconds: (Number(utime) + Number(stime)) / ticksPerSecond,
      isRunnable: state === 'R',
    };
  } catch {
    return undefined;
  }
}
