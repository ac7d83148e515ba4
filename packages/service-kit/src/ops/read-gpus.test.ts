import { expect, it } from 'vitest';
import { parseGpus } from './read-gpus.ts';

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
