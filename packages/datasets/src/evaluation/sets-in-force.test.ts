import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareImport } from '../import/prepare-import.ts';
import { evaluationSetDigest } from '../sample-digests.ts';
import { arrayDataset } from '../testing/array-dataset.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { rangesInForce, SetsInForce } from './sets-in-force.ts';

const vectors = (name: string, values: readonly number[]) =>
  arrayDataset(
    name,
    values.map((value) => [value]),
    values.map((value) => value % 2),
  );
const held = vectors('held', [20, 21, 22, 23, 24, 25]);

let folder = '';
let registration: Parameters<SetsInForce['of']>[0];
beforeAll(async () => {
  folder = await temporaryFolder();
  const set = (name: string, from: number, to: number) => ({
    name,
    role: name,
    source: { kind: 'npz', path: 'held', split: '', options: {} },
    dataset: held,
    ranges: [{ from, to }],
  });
  registration = {
    modelKey: 'm',
    ...(await prepareImport({
      training: vectors('train', [0, 1, 2, 3]),
      manifestFile: join(folder, 'manifest.sqlite'),
      evaluationIndexFile: join(folder, 'evaluation.sqlite'),
      subjects: { kind: 'none' },
      evaluationSets: [set('stop', 0, 2), set('gate', 2, 6)],
    })),
  };
});
afterAll(() => rm(folder, { recursive: true }));

/** A record in which the rows of the index are taken out. */
function record(...rows: number[]) {
  const files: Digest[] = [];
  return {
    files,
    rows: Uint32Array.from(rows),
    async excludedRows() {
      return this.rows;
    },
    blobs: {
      async file(digest: Digest) {
        files.push(digest);
        return join(folder, 'evaluation.sqlite');
      },
    },
  };
}

describe('evaluation sets in force', () => {
  it('are the registered ones while nothing is taken out, and no file is opened', async () => {
    const nothing = record();
    const sets = await new SetsInForce(nothing).of(registration);
    expect(sets.map(({ size, digest, excluded }) => ({ size, digest, excluded }))).toEqual(
      registration.evaluationSets.map(({ size, digest }) => ({ size, digest, excluded: [] })),
    );
    expect(nothing.files).toEqual([]);
  });

  it('lack what was taken out, and have the digest of what is left', async () => {
    // Rows count on from set to set: the stop set has 0 and 1, the gate set 2 to 5.
    const [stop, gate] = await new SetsInForce(record(1, 2, 4)).of(registration);
    expect(stop).toMatchObject({ size: 1, digest: await evaluationSetDigest(held, [0]) });
    expect(gate).toMatchObject({ size: 2, digest: await evaluationSetDigest(held, [3, 5]) });
    expect(gate?.excluded.map(({ position }) => position)).toEqual([0, 2]);
    expect(gate === undefined ? [] : rangesInForce(gate)).toEqual([
      { from: 3, to: 4 },
      { from: 5, to: 6 },
    ]);
  });

  it('follow the record, and are worked out once for each of its states', async () => {
    const changing = record(2);
    const sets = new SetsInForce(changing);
    expect((await sets.of(registration))[1]?.size).toBe(3);
    await sets.of(registration);
    expect(changing.files).toHaveLength(1);
    changing.rows = Uint32Array.of(2, 3, 4, 5);
    expect((await sets.of(registration))[1]).toMatchObject({ size: 0 });
  });

  it('know the registered set again when the bytes of what was taken out are gone', async () => {
    const [, gate] = await new SetsInForce(record(4)).of(registration);
    const blanked = vectors('held', [20, 21, 22, 23, 0, 25]);
    const digest = await evaluationSetDigest(blanked, [2, 3, 4, 5], gate?.excluded);
    expect(digest).toBe(gate?.set.digest);
    const other = vectors('held', [20, 21, 22, 0, 0, 25]);
    expect(await evaluationSetDigest(other, [2, 3, 4, 5], gate?.excluded)).not.toBe(digest);
  });
});
