import { sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../open-dataset.ts';

const source = (split: string, options: Record<string, string> = {}) => ({
  kind: 'synthetic',
  path: '',
  split,
  options,
});

const allRows = (size: number) => Array.from({ length: size }, (_, row) => row);

describe('the synthetic set', () => {
  it('has 4,000 training and 2,000 test pictures of eight classes by default', async () => {
    await using train = await openDataset(source('train'));
    await using test = await openDataset(source('test'));
    expect([train.size, test.size, train.classCount]).toEqual([4000, 2000, 8]);
    expect(train.shape).toEqual([16, 16, 3]);
    const counts = new Array<number>(8).fill(0);
    for (let row = 0; row < test.size; row++) counts[test.label(row)]!++;
    expect(counts).toEqual(new Array(8).fill(250));
  });

  it('is the same bytes for the same seed, and no two of its pictures are', async () => {
    await using first = await openDataset(source('train'));
    await using second = await openDataset(source('train', { seed: '1' }));
    await using test = await openDataset(source('test'));
    await using other = await openDataset(source('train', { seed: '2' }));
    const digests = async (set: typeof first) =>
      (await set.sampleBytes(allRows(300))).map((bytes) => sha256(bytes));
    expect(await digests(first)).toEqual(await digests(second));
    const all = [first, test, other].map(digests);
    expect(new Set((await Promise.all(all)).flat()).size).toBe(900);
    // Written down once: a change here makes every manifest of the synthetic set unreadable.
    expect((await digests(first))[0]).toBe(
      'e4865e2dc5c8f2c361cbb784d256c47fe5f926e525ccbe53560e11f604f925be',
    );
  });

  it('has a few per cent of wrong labels in training and none in the test split', async () => {
    await using train = await openDataset(source('train'));
    await using test = await openDataset(source('test'));
    const wrong = (set: typeof train) =>
      allRows(set.size).filter((row) => set.label(row) !== row % 8).length / set.size;
    // 4 % of 4,000, standard deviation 0.3 points.
    expect(Math.abs(wrong(train) - 0.04)).toBeLessThan(0.012);
    expect(wrong(test)).toBe(0);
  });

  it('reads values in [0, 1] that use the range', async () => {
    await using dataset = await openDataset(source('test'));
    const { values } = await dataset.read(allRows(50));
    const [least, most] = [Math.min(...values), Math.max(...values)];
    expect(least).toBeGreaterThanOrEqual(0);
    expect(most).toBeLessThanOrEqual(1);
    expect(most - least).toBeGreaterThan(0.9);
  });

  it.each([
    ['classes', '9'],
    ['classes', '2.5'],
    ['train', '0'],
    ['seed', 'one'],
    ['noise', ''],
    ['colour', 'red'],
  ])('refuses the option %s = "%s"', async (name, value) => {
    await expect(openDataset(source('train', { [name]: value }))).rejects.toThrow(
      new RegExp(`options\\.${name} = "${value}"`),
    );
  });

  it('is refused under a kind that does not exist, with the kinds that do', async () => {
    await expect(openDataset({ ...source('train'), kind: 'toString' })).rejects.toThrow(
      /kind = "toString".*synthetic/,
    );
  });
});
