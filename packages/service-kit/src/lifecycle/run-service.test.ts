import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../testing/waiting-program.ts', import.meta.url));

function start(...argv: string[]) {
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    program,
    ...argv,
  ]);
  const said: string[] = [];
  const errors: string[] = [];
  child.stdout.on('data', (text) => said.push(...String(text).trim().split('\n')));
  child.stderr.on('data', (text) => errors.push(String(text)));
  return { child, said, errors, end: endOf(child) };
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'close');
  return code;
}

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains and closes on %s, exit code 0',
    async (signal) => {
      const { child, said, end } = start();
      await expect.poll(() => said).toContain('ready');
      child.kill(signal);
      expect(await end).toBe(0);
      expect(said).toEqual(['ready', 'drained', 'closed']);
    },
  );

  it('ends at once on the second Ctrl-C', async () => {
    const { child, said, end } = start('slow');
    await expect.poll(() => said).toContain('ready');
    child.kill('SIGINT');
    await expect.poll(() => said).toContain('drained');
    child.kill('SIGINT');
    expect(await end).toBe(130);
    expect(said).not.toContain('closed');
  });

  it('ends by itself, with a word, when closing takes longer than Kubernetes waits', async () => {
    const { child, said, errors, end } = start('stuck');
    await expect.poll(() => said).toContain('ready');
    child.kill('SIGTERM');
    expect(await end).toBe(70);
    expect(said).not.toContain('closed');
    expect(errors.join('')).toMatch(/Timeout.*closing takes too long/);
  });

  it('closes in order after an error that nobody caught, exit code 70', async () => {
    const { said, errors, end } = start('crash');
    expect(await end).toBe(70);
    expect(said).toEqual(['ready', 'drained', 'closed']);
    expect(errors.join('')).toContain('stray');
  });

  it('closes and exits with 64 when the configuration is wrong', async () => {
    const { said, errors, end } = start('bad-config');
    expect(await end).toBe(64);
    expect(said).toEqual(['closed']);
    expect(errors.join('')).toMatch(/--x.*Mend it/);
  });
});
