import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { s3Options } from '@lethe/service-kit';
import { applyBucket, MinioStore } from '@lethe/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../scripts/servers/recipe.ts';
import { temporaryFolder } from '../support/lethe-process.ts';
import { freePort } from '../support/servers/free-port.ts';
import { MinioServer } from '../support/servers/minio-server.ts';

const registry = fileURLToPath(new URL('../../services/registry/dist/main.js', import.meta.url));

interface Ready {
  readonly kind: string;
  readonly reason?: string;
}

describe.skipIf(!isInstalled('minio'))('a registry on a MinIO that comes and goes', () => {
  const folder = temporaryFolder();
  let minio: MinioServer;
  let ops: string;
  let child: ChildProcess;
  let log = '';

  beforeAll(async () => {
    minio = await MinioServer.start();
    writeFileSync(join(folder.path, 'access'), minio.accessKey);
    writeFileSync(join(folder.path, 'secret'), minio.secretKey);
    ops = `127.0.0.1:${await freePort()}`;
  });

  afterAll(async () => {
    child?.kill('SIGKILL');
    await minio?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function ready(): Promise<Ready> {
    const response = await fetch(`http://${ops}/readyz`).catch(() => undefined);
    return response === undefined ? { kind: 'unreachable' } : ((await response.json()) as Ready);
  }

  test('waits for it at the start, says why it is not ready, and is ready again without a restart', async () => {
    const flags = {
      store: `s3:${minio.url}/lethe`,
      'store-access-key-file': join(folder.path, 'access'),
      'store-secret-key-file': join(folder.path, 'secret'),
      'store-timeout-ms': '1000',
      bus: `sqlite:${join(folder.path, 'bus.sqlite')}`,
      projection: join(folder.path, 'registry.sqlite'),
      cache: join(folder.path, 'cache'),
      'ops-address': ops,
      'log-format': 'json',
    };
    const config = {
      store: flags.store,
      storeAccessKeyFile: flags['store-access-key-file'],
      storeSecretKeyFile: flags['store-secret-key-file'],
      storeCaFile: '',
      storeRegion: 'us-east-1',
      storeTimeoutMs: 1_000,
      storeAllowInsecure: false,
    };
    await applyBucket(await s3Options(config));
    await minio.process.kill();
    const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    child = spawn(process.execPath, [registry, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => {
        log += piece.toString();
      });
    }
    await expect.poll(ready).toMatchObject({
      kind: 'not-ready',
      reason: expect.stringContaining('nothing listens there'),
    });
    await expect.poll(() => log).toContain('waiting for the object store');

    await minio.process.restart();
    await expect.poll(ready).toEqual({ kind: 'ready' });
    await minio.process.kill();
    await expect.poll(ready).toMatchObject({
      kind: 'not-ready',
      reason: expect.stringContaining('bucket lethe'),
    });
    await minio.process.restart();
    await expect.poll(ready).toEqual({ kind: 'ready' });

    await minio.process.pause();
    await expect.poll(ready).toMatchObject({ kind: 'not-ready' });
    minio.process.resume();
    await expect.poll(ready).toEqual({ kind: 'ready' });

    // Keys that are taken away, and given back.
    writeFileSync(join(folder.path, 'secret'), 'not-the-secret');
    await expect.poll(ready).toMatchObject({
      kind: 'not-ready',
      reason: expect.stringContaining('secret key'),
    });
    writeFileSync(join(folder.path, 'secret'), minio.secretKey);
    await expect.poll(ready).toEqual({ kind: 'ready' });

    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    await using store = new MinioStore(await s3Options(config));
    for await (const { key } of store.list('probe/')) expect(key).toBe('probe/look');
  });
});
