import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeletionRequest, IngestServiceClient, topics } from '@lethe/contracts';
import { connect } from '@lethe/service-kit';
import { readTopic } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { openIntakeHome } from './testing/intake-home.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The program in a process of its own, told by its log. */
function start(argv: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...argv], {
    env: { ...process.env, ...env },
  });
  let log = '';
  let said = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  child.stdout.on('data', (text) => {
    said += text;
  });
  return {
    child,
    log: () => log,
    said: () => said,
    lines: () =>
      log
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    end: once(child, 'close').then(([code]) => code as number | null),
  };
}

describe('the ingest program', () => {
  it('serves gRPC and HTTP on the given bus and store, and stops cleanly', async () => {
    await using home = await openIntakeHome();
    const program = start(
      ['--bus', `sqlite:${join(home.folder, 'bus.sqlite')}`, '--index', home.indexFile],
      {
        LETHE_STORE: `folder:${join(home.folder, 'store')}`,
        LETHE_CACHE: join(home.folder, 'cache'),
        LETHE_EMITTER: 'desk',
      },
    );
    await expect.poll(() => program.log()).toContain('"grpc"');
    const { grpc } = program.lines().find((line) => line.grpc);
    const { http } = program.lines().find((line) => line.http);
    await using client = connect(IngestServiceClient, grpc);
    const request = DeletionRequest.fromPartial({
      requestId: randomUUID(),
      modelKey: 'm1',
      scope: { kind: { $case: 'subject', value: 'user-1' } },
    });
    expect(await client.submitDeletion(request)).toMatchObject({ emitter: 'desk', sampleCount: 4 });
    expect((await fetch(`http://${http}/readyz`)).status).toBe(200);
    program.child.kill('SIGTERM');
    expect(await program.end).toBe(0);
    expect(await readTopic(home.bus, topics.deletionRequested)).toHaveLength(1);
    expect(program.log()).not.toContain('user-1');
  });

  it('teaches with --help', async () => {
    const program = start(['--help']);
    expect(await program.end).toBe(0);
    expect(program.said()).toContain('--http-address, LETHE_HTTP_ADDRESS');
  });

  it('refuses a wrong configuration with every problem, exit code 64', async () => {
    const program = start(['--log-level', 'loud', '--colour', 'red']);
    expect(await program.end).toBe(64);
    expect(program.log()).toMatch(/--log-level/);
    expect(program.log()).toMatch(/--colour/);
  });

  it('says which folder is missing, exit code 70', async () => {
    const program = start(['--bus', 'sqlite:/nowhere/bus.sqlite']);
    expect(await program.end).toBe(70);
    expect(program.log()).toContain('/nowhere/bus.sqlite');
  });
});
