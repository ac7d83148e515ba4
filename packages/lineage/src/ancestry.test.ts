import { DeletionRequested, type RoundManifest } from '@lethe/contracts';
import { expect, it } from 'vitest';
import { part, request, round } from '../test/records.ts';
import { rememberManifests, roundsOfRequest } from './ancestry.ts';

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

it('finds the rounds of a request by an unlearner whose clock is hours behind', async () => {
  const acceptedTime = new Date('2026-03-01T12:00:00Z');
  const asked = DeletionRequested.fromPartial({ ...request('r', [1, 2, 3]), acceptedTime });
  const hoursBefore = (hours: number) => new Date(acceptedTime.getTime() - hours * 3_600_000);
  const log: readonly RoundManifest[] = [
    // Two days before by its clock: it cannot be one of these, nor what is behind it.
    { ...round({ sequence: 1, parts: [part(asked, [1], false)] }), createdTime: hoursBefore(49) },
    { ...round({ sequence: 2, parent: 1 }), createdTime: hoursBefore(48) },
    {
      ...round({ sequence: 3, parent: 2, parts: [part(asked, [2], false)] }),
      createdTime: hoursBefore(3),
    },
    {
      ...round({ sequence: 4, parent: 3, parts: [part(asked, [3])] }),
      createdTime: hoursBefore(2),
    },
  ];
  const manifests = {
    async manifest(_: string, sequence: number) {
      const record = log[sequence - 1];
      return record && { record, bytes: Buffer.alloc(0), digest: '', etag: '' };
    },
  };
  const found = await roundsOfRequest(manifests as never, asked, 4);
  expect(found.map((each) => each.part.rows)).toEqual([[3], [2]]);
});
