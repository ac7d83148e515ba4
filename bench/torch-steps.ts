/** The same steps in PyTorch, one at a time on demand, so that both can be timed in turn. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Of one step. */
export interface StepSeconds {
  readonly clock: number;
  /** Of all threads together: what a busy machine changes least. */
  readonly processor: number;
}

export interface TorchSteps extends Disposable {
  readonly description: string;
  readonly step: (name: 'train' | 'forward') => Promise<StepSeconds>;
}

const script = fileURLToPath(new URL('reference/resnet20_speed.py', import.meta.url));

/** @param python an interpreter that has PyTorch */
export async function startTorch(
  python: string,
  batch: number,
  threads: number,
  device: 'cpu' | 'cuda',
): Promise<TorchSteps> {
  const child = spawn(python, [script, String(batch), String(threads), device], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${python} ${script} ended early: pip install torch==2.5.1`);
    return value;
  };
  return {
    description: await next(),
    step: async (name) => {
      child.stdin.write(`${name}\n`);
      const [clock = Number.NaN, processor = Number.NaN] = (await next()).split(' ').map(Number);
      return { clock, processor };
    },
    [Symbol.dispose]: () => child.stdin.end(),
  };
}
