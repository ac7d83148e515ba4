import { describe, expect, test } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { MinioServer } from './minio-server.ts';

describe.skipIf(!isInstalled('minio'))('a MinIO server', () => {
  test('answers, not while it is dead or paused, and again afterwards', async () => {
    await using minio = await MinioServer.start();
    await expect.poll(() => isReady(minio)).toBe(true);
    await minio.process.pause();
    expect(await isReady(minio)).toBe(false);
    minio.process.resume();
    await expect.poll(() => isReady(minio)).toBe(true);
    await minio.process.kill();
    expect(await isReady(minio)).toBe(false);
    await minio.process.restart();
    await expect.poll(() => isReady(minio)).toBe(true);
  });

  test('starts with four drives', async () => {
    await using minio = await MinioServer.start({ drives: 4 });
    await expect.poll(() => isReady(minio)).toBe(true);
  });
});

/** Whether it answers within a second; a busy machine may take longer once. */
async function isReady({ url }: MinioServer): Promise<boolean> {
  const signal = AbortSignal.timeout(1_000);
  return await fetch(`${url}/minio/health/ready`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}
