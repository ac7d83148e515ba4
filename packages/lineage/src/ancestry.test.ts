import { expect, it } from 'vitest';
import { rememberManifests } from './ancestry.ts';

it('reads a manifest once for all requests that it served, and remembers only so many', async () => {
  const reads: number[] = [];
  const manifests = rememberManifests({
    async manifest(_modelKey, sequence) {
      reads.push(sequence);
      return undefined;
    },
  });
  for (let request = 0; request < 3; request++) await manifests.manifest('m', 7);
  await manifests.manifest('other', 7);
  expect(reads).toEqual([7, 7]);
  for (let sequence = 100; sequence < 1_100; sequence++) await manifests.manifest('m', sequence);
  reads.length = 0;
  await manifests.manifest('m', 7);
  await manifests.manifest('m', 1_000);
  expect(reads).toEqual([1_000]);
});
