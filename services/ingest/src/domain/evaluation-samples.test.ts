import { sha256 } from '@lethe/contracts';
import { expect, it } from 'vitest';
import { type EvaluationIndex, evaluationSamples } from './evaluation-samples.ts';

/** Sample `5` of each set is another one; `7` is the same in both. */
const ids = ['stop:5', 'stop:7', 'gate:5', 'gate:7', 'gate:8'];
const digests = ['a', 'b', 'c', 'b', 'd'].map(sha256);

const index: EvaluationIndex = {
  rowsOfSampleIds: (asked) => found(asked, ids),
  rowsOfDigests: (asked) => found(asked, digests),
  sha256: (row) => digests[row]!,
};

function found(asked: readonly string[], known: readonly string[]) {
  const rows = known.flatMap((name, row) => (asked.includes(name) ? [row] : []));
  return { rows: Uint32Array.from(rows), unknown: asked.filter((name) => !known.includes(name)) };
}

const look = (asked: { ids?: string[]; sha256?: string[] }, of: typeof index | undefined = index) =>
  evaluationSamples({ ids: [], sha256: [], ...asked }, ['stop', 'gate'], of);

it('finds a sample by set and id, by an id alone, and by content, with all its copies', () => {
  expect([...look({ ids: ['gate:5'] }).rows]).toEqual([2]);
  expect([...look({ ids: ['8'] }).rows]).toEqual([4]);
  expect([...look({ ids: ['7'] }).rows]).toEqual([1, 3]);
  expect([...look({ ids: ['8'], sha256: [sha256('b'), sha256('d')] }).rows]).toEqual([1, 3, 4]);
});

it('does not choose between different samples of one id', () => {
  expect(look({ ids: ['5', '8'] })).toMatchObject({ ambiguous: ['5'], unknown: [] });
});

it('names what no set has; without an index that is everything', () => {
  expect(look({ ids: ['gate:9', '8'], sha256: [sha256('e')] }).unknown).toEqual([
    'gate:9',
    sha256('e'),
  ]);
  const blind = evaluationSamples({ ids: ['8'], sha256: [sha256('d')] }, ['gate'], undefined);
  expect(blind.unknown).toEqual(['8', sha256('d')]);
});
