import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { LetheError } from '@lethe/contracts';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ComputeProcess, type ComputeProcessOptions } from './compute-process.ts';

const require = createRequire(import.meta.url);
const urlOf = (name: string) => pathToFileURL(require.resolve(name)).href;

/** A module with the given body of `run(input, { backend, report, signal })`. */
function job(body: string): string {
  const source = `
    import { setTimeout as delay } from 'node:timers/promises';
    import { LetheError } from ${JSON.stringify(urlOf('@lethe/contracts'))};
    import * as tf from ${JSON.stringify(urlOf('@tensorflow/tfjs'))};
    export async function run(input, { backend, report, signal }) { ${body} }`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

const echo = job('return input;');
const pid = job('return process.pid;');
const endless = job('for (;;) { report(1); await delay(5); if (signal.aborted) return 1; }');
const deaf = job('report(0); for (;;);');

let opened: ComputeProcess[] = [];

function start(options: ComputeProcessOptions = {}): ComputeProcess {
  const compute = new ComputeProcess({ backend: { prefer: 'wasm' }, ...options });
  opened.push(compute);
  return compute;
}

/** Serves every test that needs no settings of its own; a start takes half a second. */
const shared = new ComputeProcess({ backend: { prefer: 'wasm' } });

afterEach(async () => {
  await Promise.all(opened.map((compute) => compute[Symbol.asyncDispose]()));
  opened = [];
});

afterAll(() => shared[Symbol.asyncDispose]());

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function untilGone(processId: number): Promise<void> {
  while (isAlive(processId)) await delay(20);
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<LetheError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(LetheError);
  return outcome as LetheError;
}

describe('a compute process', () => {
  it('computes on its backend, in another process', async () => {
    const compute = shared;
    expect((await compute.backend()).name).toBe('wasm-simd');
    const source =
      'return [backend.name, tf.getBackend(), tf.tensor1d(input).square().dataSync()];';
    const [name, engine, squares] = await compute.run<number[], [string, string, Float32Array]>(
      job(source),
      [1, 2, 3],
    );
    expect([name, engine, [...squares]]).toEqual(['wasm-simd', 'wasm', [1, 4, 9]]);
    expect(await compute.run(pid, null)).not.toBe(process.pid);
  });

  it('takes and gives typed arrays', async () => {
    const numbers = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    const output = await shared.run<object, { numbers: Float32Array }>(echo, { numbers });
    expect(output).toEqual({ numbers: new Float32Array([2, 3]) });
  });

  it('passes progress on, in order', async () => {
    const seen: number[] = [];
    const source = 'for (let i = 0; i < 50; i++) report(i); return 1;';
    await shared.run(job(source), null, { onProgress: (i: number) => seen.push(i) });
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('runs one job at a time, in the order of the calls, in one warm process', async () => {
    const compute = shared;
    const source = `
      globalThis.log ??= []; log.push('start ' + input); await delay(10);
      log.push('end ' + input); return { log, pid: process.pid };`;
    const runs = [1, 2, 3].map((i) =>
      compute.run<number, { log: string[]; pid: number }>(job(source), i),
    );
    const results = await Promise.all(runs);
    expect(results[2]!.log).toEqual(['start 1', 'end 1', 'start 2', 'end 2', 'start 3', 'end 3']);
    expect(new Set(results.map((result) => result.pid)).size).toBe(1);
  });

  it('hands a LetheError over with its code and violations, and goes on', async () => {
    const compute = shared;
    const source = `throw LetheError.invalid('k', 0, 'it is not positive', 'Use 1 or more.');`;
    const error = await rejection(compute.run(job(source), null));
    expect(error.code).toBe('invalid');
    expect(error.violations).toEqual([
      { field: 'k', value: '0', description: 'it is not positive', remedy: 'Use 1 or more.' },
    ]);
    expect(await compute.run(echo, 'next')).toBe('next');
  });

  it('turns any other error into an internal one that keeps message and place', async () => {
    const error = await rejection(shared.run(job('null.x;'), null));
    expect(error.code).toBe('internal');
    expect(error.message).toContain('null');
    expect((error.cause as Error).stack).toContain('data:text/javascript');
  });

  it('refuses a module without `run`, a relative one, and input that cannot be cloned', async () => {
    const compute = shared;
    const withoutRun = await rejection(compute.run('data:text/javascript,export let x = 1', null));
    expect(withoutRun.message).toMatch(/moduleUrl.*no function `run`/);
    expect((await rejection(compute.run('./job.js', null))).message).toMatch(/not an absolute URL/);
    const notData = await rejection(compute.run(echo, () => 1));
    expect(notData.message).toMatch(/input.*plain data and typed arrays/);
    expect(await compute.run(echo, 'next')).toBe('next');
  });

  it('says why the backend it should open is not to be had', async () => {
    const compute = start({ backend: { prefer: 'cuda' as 'auto' } });
    const error = await rejection(compute.run(echo, 1));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('backend = "cuda"');
  });
});

describe('cancelling', () => {
  it('asks a job to stop, and keeps the process', async () => {
    const compute = shared;
    const before = await compute.run(pid, null);
    const controller = new AbortController();
    const run = compute.run(endless, null, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect((await rejection(run)).code).toBe('cancelled');
    expect(await compute.run(pid, null)).toBe(before);
  });

  it('kills the process of a job that does not hear, and starts another', async () => {
    const compute = start({ cancelGraceMs: 50 });
    const before = await compute.run<null, number>(pid, null);
    const controller = new AbortController();
    const run = compute.run(deaf, null, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect((await rejection(run)).code).toBe('cancelled');
    expect(isAlive(before)).toBe(false);
    expect(await compute.run(pid, null)).not.toBe(before);
  });

  it('takes a job that waits out of the queue at once', async () => {
    const compute = shared;
    const first = new AbortController();
    const running = compute.run(endless, null, { signal: first.signal });
    const second = new AbortController();
    const waiting = compute.run(echo, 'waiting', { signal: second.signal });
    second.abort();
    expect((await rejection(waiting)).code).toBe('cancelled');
    first.abort();
    expect((await rejection(running)).code).toBe('cancelled');
    expect((await rejection(compute.run(echo, 1, { signal: second.signal }))).code).toBe(
      'cancelled',
    );
  });
});

describe('a compute process that dies', () => {
  it('fails its job with the exit code and its last words, and the next call starts anew', async () => {
    const compute = shared;
    const source = `console.error('out of luck'); setTimeout(() => process.exit(7), 50); await delay(1e6);`;
    const error = await rejection(compute.run(job(source), null));
    expect(error.code).toBe('unavailable');
    expect(error.message).toMatch(/exit code 7.*out of luck/s);
    expect(await compute.run(echo, 'next')).toBe('next');
  });

  it('names the signal that killed it', async () => {
    const error = await rejection(shared.run(job(`process.kill(process.pid, 'SIGKILL');`), null));
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('signal SIGKILL');
  });

  it('is killed when a job falls silent for too long', async () => {
    // Two hundred times as long as it is silent between reports: a busy machine is no silence.
    const compute = start({ silenceLimitMs: 2000 });
    const source = 'for (let i = 0; i < 4; i++) { report(i); await delay(10); } for (;;);';
    const seen: number[] = [];
    const error = await rejection(
      compute.run(job(source), null, { onProgress: (i: number) => seen.push(i) }),
    );
    expect(error.code).toBe('unavailable');
    expect(error.message).toMatch(/nothing for 2 s.*silenceLimitMs/);
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('is replaced when the system stopped it in the middle of a job', async () => {
    const reasons: string[] = [];
    const onDeath = (reason: string) => reasons.push(reason);
    const compute = start({ stallLimitMs: 600, silenceLimitMs: 60_000, onDeath });
    const stopped = await compute.run<null, number>(pid, null);
    const source = 'report(process.pid); for (;;);';
    const running = compute.run(job(source), null, {
      onProgress: (childId: number) => process.kill(childId, 'SIGSTOP'),
    });
    const error = await rejection(running);
    expect([error.code, error.message]).toEqual([
      'unavailable',
      expect.stringContaining('no processor time for 0.6 s'),
    ]);
    expect(reasons).toEqual(['stalled']);
    expect(await compute.run(pid, null)).not.toBe(stopped);
  });

  it('is left alone while it works in silence', async () => {
    const compute = start({ stallLimitMs: 600 });
    const source = 'const end = Date.now() + 1500; while (Date.now() < end); return 1;';
    expect(await compute.run(job(source), null)).toBe(1);
  });

  it('tells what it uses while it runs, and nothing of an end that was wanted', async () => {
    const reasons: string[] = [];
    const compute = start({ onDeath: (reason) => reasons.push(reason) });
    expect(await compute.usage()).toBeUndefined();
    await compute.backend();
    expect(await compute.usage()).toMatchObject({ residentBytes: expect.any(Number) });
    await compute[Symbol.asyncDispose]();
    expect(reasons).toEqual([]);
  });

  it('is killed when tensors or buffers grow over the memory limit', async () => {
    const compute = start({ memoryLimitMiB: 400 });
    const source = `globalThis.kept = []; for (;;) { kept.push(Buffer.alloc(5e7, 1)); await delay(20); }`;
    const error = await rejection(compute.run(job(source), null));
    expect(error.code).toBe('capacity');
    expect(error.message).toMatch(/may use 400.*memoryLimitMiB/);
  });

  it('reports a full JavaScript heap as a limit reached', async () => {
    const compute = start({ memoryLimitMiB: 200 });
    const source = 'const kept = []; for (;;) kept.push(new Array(1000).fill(Math.random()));';
    expect((await rejection(compute.run(job(source), null))).code).toBe('capacity');
  });
});

describe('the end of a compute process', () => {
  it('comes with its disposal, which cancels what runs', async () => {
    const compute = start();
    const child = await compute.run<null, number>(pid, null);
    const running = compute.run(endless, null);
    const disposed = compute[Symbol.asyncDispose]();
    expect((await rejection(running)).code).toBe('cancelled');
    await disposed;
    expect(isAlive(child)).toBe(false);
    expect((await rejection(compute.run(echo, 1))).code).toBe('precondition');
  });

  it('comes with the death of its parent, even in the middle of a job that never yields', async () => {
    for (const body of ['await delay(1e6);', 'for (;;);']) {
      const { parent, child } = await startGrandchild(body);
      expect(isAlive(child)).toBe(true);
      parent.kill('SIGKILL');
      await untilGone(child);
    }
  });

  it('does not keep an otherwise finished program alive', async () => {
    const source = `
      const compute = new ComputeProcess({ backend: { prefer: 'wasm' } });
      console.log(await compute.run(${JSON.stringify(echo)}, 'finished'));`;
    const program = startProgram(source);
    const [code] = await once(program, 'exit');
    expect(code).toBe(0);
  });
});

function startProgram(source: string): ChildProcess {
  const imports = `import { ComputeProcess } from ${JSON.stringify(urlOf('@lethe/compute'))};`;
  return spawn(process.execPath, ['--input-type=module', '-e', imports + source], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

/** A program of its own whose compute process runs a job; resolves once the job runs. */
async function startGrandchild(body: string): Promise<{ parent: ChildProcess; child: number }> {
  const source = `
    const compute = new ComputeProcess({ backend: { prefer: 'wasm' } });
    await compute.run(${JSON.stringify(job(`report(process.pid); ${body}`))}, null, {
      onProgress: (child) => process.send(child),
    });`;
  const parent = startProgram(source);
  const [child] = (await once(parent, 'message')) as [number];
  return { parent, child };
}
