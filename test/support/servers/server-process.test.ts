import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../lethe-process.ts';
import { ServerProcess } from './server-process.ts';

/** Prints its process id and stays. */
const script = 'console.log(`up as`, process.pid, `;`); setInterval(() => {}, 1000)';

test('a server dies with the process that started it, even when that is killed', async () => {
  using folder = temporaryFolder();
  const data = folder.path;
  const module = join(import.meta.dirname, 'server-process.ts');
  const owner = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval'],
      `import { ServerProcess } from ${JSON.stringify(module)};
       const server = await ServerProcess.start({
         name: 'sleeper', command: process.execPath, args: ['--eval', ${JSON.stringify(script)}],
         folder: ${JSON.stringify(data)}, isReady: (output) => output.includes(';'),
       });
       console.log(server.processId);
       setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [printed] = (await once(owner.stdout, 'data')) as [Buffer];
  const server = Number(printed.toString());
  expect(isRunning(server)).toBe(true);
  owner.kill('SIGKILL');
  await expect.poll(() => isRunning(server)).toBe(false);
  await expect.poll(() => existsSync(data)).toBe(false);
});

test('a server is a new process after a restart, and its folder stays', async () => {
  using folder = temporaryFolder();
  const data = folder.path;
  await using server = await startSleeper(data);
  const first = server.processId;
  await server.kill();
  expect(server.processId).toBeUndefined();
  await server.restart();
  expect(server.processId).not.toBe(first);
  expect(server.output()).toBe(`up as ${server.processId} ;\n`);
  expect(existsSync(data)).toBe(true);
});

test('a paused server can be stopped', async () => {
  using folder = temporaryFolder();
  const server = await startSleeper(folder.path);
  await server.pause();
  await server.stop();
  expect(server.processId).toBeUndefined();
});

test('a server that ends before it is ready is an error with its last words', async () => {
  using folder = temporaryFolder();
  const start = ServerProcess.start({
    name: 'quitter',
    command: process.execPath,
    args: ['--eval', 'console.error("no disk"); process.exit(3)'],
    folder: folder.path,
    isReady: () => false,
  });
  await expect(start).rejects.toThrow(/quitter ended \(3\):\nno disk/);
});

test('a program that is not there is an error', async () => {
  using folder = temporaryFolder();
  const start = ServerProcess.start({
    name: 'ghost',
    command: 'lethe-no-such-program',
    args: [],
    folder: folder.path,
    isReady: () => false,
  });
  await expect(start).rejects.toThrow(/ghost cannot be started.*ENOENT/);
});

async function startSleeper(data: string): Promise<ServerProcess> {
  return await ServerProcess.start({
    name: 'sleeper',
    command: process.execPath,
    args: ['--eval', script],
    folder: data,
    isReady: (output) => output.includes(';'),
  });
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}
