import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { silentLog, WorkWatch } from '@lethe/service-kit';
import { afterAll, expect, it } from 'vitest';
import { homeLayout } from './home-layout.ts';
import { startEmbedded } from './start-embedded.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-embedded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is unhealthy over gRPC for as long as its work does not get on', async () => {
  await using lethe = await startEmbedded({
    layout: homeLayout(folder),
    log: silentLog,
    grpcAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    backend: 'js',
    maxBatch: 1,
    maxWaitMs: 1,
    seed: 1,
    onFatal: (error) => {
      throw error;
    },
  });
  const client = new Client(lethe.grpcAddress, credentials.createInsecure());
  try {
    await expect.poll(() => statusOf(client)).toBe('SERVING');
    {
      using watch = new WorkWatch('handling records as group g', 0);
      watch.begin();
      await expect.poll(() => statusOf(client)).toBe('NOT_SERVING');
    }
    await expect.poll(() => statusOf(client)).toBe('SERVING');
  } finally {
    client.close();
  }
});

/** What `grpc.health.v1.Health/Check` says of the whole: field 1 of the answer. */
async function statusOf(client: Client): Promise<string | undefined> {
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      (error, bytes) => (error === null ? resolve(bytes) : reject(error)),
    );
  });
  return { 1: 'SERVING', 2: 'NOT_SERVING' }[answer?.[1] ?? 0];
}
