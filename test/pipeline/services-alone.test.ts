import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownFiles, startService } from '../support/service-program.ts';

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
    const program = startService(
      service,
      [
        ...['--bus', `sqlite:${join(home.folder, 'bus.sqlite')}`],
        ...['--store', `folder:${join(home.folder, 'store')}`],
        ...ownFiles(service, home.folder),
      ],
      home.folder,
    );
    await expect.poll(() => program.log()).toContain('"grpc"');
    program.child.kill('SIGTERM');
    expect(await program.end).toBe(0);
  });

  it('teaches with --help, and names every problem of its settings', async () => {
    await using home = await temporaryFolder();
    const help = startService(service, ['--help'], home.folder);
    expect(await help.end).toBe(0);
    expect(help.said()).toMatch(new RegExp(`^Lethe ${service}: [a-z].*\\.\n\nSettings`));
    const wrong = startService(service, ['--log-level', 'loud', '--colour', 'red'], home.folder);
    expect(await wrong.end).toBe(64);
    expect(wrong.log()).toMatch(/--log-level.*--colour|--colour.*--log-level/s);
  });
});
