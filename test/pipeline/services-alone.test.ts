import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

function start(service: string, argv: readonly string[], cwd: string) {
  const main = fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...argv], {
    cwd,
  });
  let [log, said] = ['', ''];
  child.stderr.on('data', (text) => {
    log += text;
  });
  child.stdout.on('data', (text) => {
    said += text;
  });
  const end = once(child, 'close').then(([code]) => code as number | null);
  return { child, log: () => log, said: () => said, end };
}

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-alone-'));
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe.each(['ingest', 'unlearner', 'evaluator', 'registry'])('the %s program', (service) => {
  it('serves on the given bus and store, and ends with 0 on SIGTERM', async () => {
    await using home = await temporaryFolder();
    const own = {
      ingest: ['--index', join(home.folder, 'ingest.sqlite')],
      registry: ['--projection', join(home.folder, 'registry.sqlite')],
    }[service];
    const program = start(
      service,
      [
        ...['--bus', `sqlite:${join(home.folder, 'bus.sqlite')}`],
        ...['--store', `folder:${join(home.folder, 'store')}`],
        ...['--cache', join(home.folder, 'cache'), ...(own ?? [])],
      ],
      home.folder,
    );
    await expect.poll(() => program.log()).toContain('"grpc"');
    program.child.kill('SIGTERM');
    expect(await program.end).toBe(0);
  });

  it('teaches with --help, and names every problem of its settings', async () => {
    await using home = await temporaryFolder();
    const help = start(service, ['--help'], home.folder);
    expect(await help.end).toBe(0);
    expect(help.said()).toMatch(new RegExp(`^Lethe ${service}: [a-z].*\\.\n\nSettings`));
    const wrong = start(service, ['--log-level', 'loud', '--colour', 'red'], home.folder);
    expect(await wrong.end).toBe(64);
    expect(wrong.log()).toMatch(/--log-level.*--colour|--colour.*--log-level/s);
  });
});
