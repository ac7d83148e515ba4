import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HandleScan } from './handle-scan.ts';

it('finds a handle in what is exported and in logs, and says where', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-scan-'));
  await using scan = await HandleScan.start(/subject-\d+/);
  try {
    const send = (path: string, body: string) =>
      fetch(`${scan.url}${path}`, { method: 'POST', body });
    await send('/v1/traces', '\u0001\u0002round\u0003model-1');
    await send('/v1/metrics', 'lethe.backlog');
    await writeFile(join(folder, 'ingest-1.log'), '{"message":"accepted"}\n');
    expect(await scan.report(folder)).toEqual({
      found: [],
      traceExports: 1,
      metricExports: 1,
      logBytes: 23,
    });
    await send('/v1/traces', '\u0001name\u0002subject-12\u0003');
    await writeFile(join(folder, 'registry-1.log'), '{"message":"subject-3"}\n');
    expect((await scan.report(folder)).found).toEqual([
      expect.stringContaining('/v1/traces: …·name·subject-12'),
      expect.stringContaining('registry-1.log: …{"message":"subject-3"'),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
