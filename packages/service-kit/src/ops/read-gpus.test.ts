import { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../../../test/support/lethe-process.ts';
import { parseGpus, readGpus } from './read-gpus.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

it('reads what nvidia-smi prints, in bytes and shares', () => {
  expect(parseGpus('0, 37, 1024, 81559\n1, 0, 4, 81559\n')).toEqual([
    { gpu: '0', utilization: 0.37, usedBytes: 1024 ** 3, totalBytes: 81559 * 1024 ** 2 },
    { gpu: '1', utilization: 0, usedBytes: 4 * 1024 ** 2, totalBytes: 81559 * 1024 ** 2 },
  ]);
});

it('says nothing of a GPU whose figures the driver does not know, and of none', () => {
  expect(parseGpus('0, [N/A], 4, 81559\n')).toEqual([]);
  expect(parseGpus('No devices were found\n')).toEqual([]);
  expect(parseGpus('')).toEqual([]);
});

it('signals no process where the tool is missing, however early it is cancelled', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const kill = vi.spyOn(ChildProcess.prototype, 'kill').mockReturnValue(false);
  const cancel = new AbortController();
  const reading = readGpus(cancel.signal);
  cancel.abort();
  await expect(reading).rejects.toThrow('ENOENT');
  expect(kill).not.toHaveBeenCalled();
});

it('ends the tool when it is cancelled', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'nvidia-smi'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${folder.path}:${process.env.PATH}`);
  const cancel = new AbortController();
  const reading = readGpus(cancel.signal);
  cancel.abort();
  await expect(reading).rejects.toMatchObject({ killed: true, signal: 'SIGTERM' });
});
