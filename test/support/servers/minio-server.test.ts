import { describe, expect, test } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { MinioServer } from './minio-server.ts';

describe.skipIf(!isInstalled('minio'))('a MinIO server', () => {
  test('answers, not while it is dead or paused, and again afterwards', async () => {
    await using minio = await MinioServer.start();
    expect(await isReady(minio)).toBe(true);
    await minio.process.pause();
    expect(await isReady(minio)).toBe(false);
    minio.process.resume();
    expect(await isReady(minio)).toBe(true);
    await minio.process.kill();
    expect(await isReady(minio)).toBe(false);
    await minio.process.restart();
    expect(await isReady(minio)).toBe(true);
  });

  test('starts with four drives', async () => {
    await using minio = await MinioServer.start({ drives: 4 });
    expect(await isReady(minio)).toBe(true);
  });
});

async function isReady({ url }: MinioServer): Promise<boolean> {
  const signal = AbortSignal.timeout(1_000);
  return await fetch(`${url}/minio/health/ready`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}
