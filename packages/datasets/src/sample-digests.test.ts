import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openDataset } from './open-dataset.ts';
import {
  evaluationSetDigest,
  rangesOfRows,
  rowsOfRanges,
  sampleDigests,
} from './sample-digests.ts';

const source = { kind: 'synthetic', path: '', split: 'test', options: { test: '600' } };

describe('the digest of an evaluation set', () => {
  it('is the SHA-256 over the raw SHA-256 of its samples in order', async () => {
    await using dataset = await openDataset(source);
    const samples = await dataset.sampleBytes([5, 2]);
    const outer = createHash('sha256');
    for (const sample of samples) outer.update(createHash('sha256').update(sample).digest());
    expect(await evaluationSetDigest(dataset, [5, 2])).toBe(outer.digest('hex'));
    expect(await evaluationSetDigest(dataset, [2, 5])).not.toBe(
      await evaluationSetDigest(dataset, [5, 2]),
    );
  });

  it('is taken over more samples than are read at a time', async () => {
    await using dataset = await openDataset(source);
    const rows: number[] = [];
    for await (const { row } of sampleDigests(dataset)) rows.push(row);
    expect(rows).toEqual(Array.from({ length: 600 }, (_, i) => i));
  });
});

it('lets the process hear signals while it digests made-up samples', async () => {
  await using dataset = await openDataset(source);
  let turns = 0;
  setImmediate(() => turns++);
  for await (const _ of sampleDigests(dataset)) if (turns > 0) break;
  expect(turns).toBe(1);
});

describe('row ranges', () => {
  it('mean every row when there are none', () => {
    expect([...rowsOfRanges([], 3)]).toEqual([0, 1, 2]);
  });

  it('are the rows from the first up to, not with, the last', () => {
    const ranges = [
      { from: 1, to: 3 },
      { from: 3, to: 4 },
      { from: 8, to: 10 },
    ];
    expect([...rowsOfRanges(ranges, 10)]).toEqual([1, 2, 3, 8, 9]);
  });

  it('are as few as can be when made from rows', () => {
    expect(rangesOfRows([1, 2, 3, 8, 9])).toEqual([
      { from: 1, to: 4 },
      { from: 8, to: 10 },
    ]);
    expect(rangesOfRows([])).toEqual([]);
  });

  it.each([
    [[{ from: 0, to: 11 }]],
    [[{ from: 3, to: 3 }]],
    [[{ from: -1, to: 3 }]],
    [[{ from: 0.5, to: 3 }]],
    [
      [
        { from: 0, to: 5 },
        { from: 4, to: 6 },
      ],
    ],
  ])('%j are refused for ten rows', (ranges) => {
    expect(() => rowsOfRanges(ranges, 10)).toThrow(/ranges\[\d\] = /);
  });
});
