import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface GpuReading {
  /** Index that the driver gives it. */
  readonly gpu: string;
  /** Share of the last second or so in which it worked. */
  readonly utilization: number;
  readonly usedBytes: number;
  readonly totalBytes: number;
}

const query = 'index,utilization.gpu,memory.used,memory.total';
const timeoutMs = 5_000;
const mebibyte = 1024 * 1024;

/**
 * What the driver's own tool says of the GPUs of this machine. Ends the tool when `signal` aborts.
 *
 * @throws where there is no such tool
 */
export async function readGpus(signal: AbortSignal): Promise<readonly GpuReading[]> {
  const running = promisify(execFile)(
    'nvidia-smi',
    [`--query-gpu=${query}`, '--format=csv,noheader,nounits'],
    { timeout: timeoutMs },
  );
  // Not execFile's own `signal`: where the tool is missing Node then signals the process whose
  // number happens to stand in the handle's memory, and 0 is the whole process group.
  const end = () => running.child.pid !== undefined && running.child.kill();
  signal.addEventListener('abort', end);
  try {
    const { stdout } = await running;
    return parseGpus(stdout);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** One line for each GPU; a figure that the driver does not know (`[N/A]`) leaves its GPU out. */
export function parseGpus(csv: string): readonly GpuReading[] {
  return csv.split('\n').flatMap((line) => {
    const [gpu = '', utilization, used, total] = line.split(',').map((field) => field.trim());
    const reading = {
      gpu,
      utilization: Number(utilization) / 100,
      usedBytes: Number(used) * mebibyte,
      totalBytes: Number(total) * mebibyte,
    };
    const isWhole = [reading.utilization, reading.usedBytes, reading.totalBytes].every(
      Number.isFinite,
    );
    return isWhole ? [reading] : [];
  });
}
