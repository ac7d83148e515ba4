import { unlearnerSettings } from '@lethe/unlearner';
import { expect, it } from 'vitest';
import { mlpModelKeys, samplesPerSubject } from './mlp-world.ts';
import { modes } from './modes.ts';
import { blocksOf, networks } from './networks.ts';

const triples = [0, 1, 2, 3, 4];

it('asks the same of the model of each mode, in full batches of the default size', () => {
  const { requestsOf, requestsPerBlock } = blocksOf('mlp', triples.length);
  expect(requestsPerBlock * samplesPerSubject).toBe(unlearnerSettings.maxBatch.default);
  for (const triple of triples) {
    const asked = modes.map((mode, at) => requestsOf(triple, at, mode));
    const subjects = asked.map((block) => block.map(({ subject }) => subject));
    expect(new Set(subjects[0]).size).toBe(requestsPerBlock);
    expect(subjects).toEqual([subjects[0], subjects[0], subjects[0]]);
    const models = asked.map((block) => [...new Set(block.map(({ modelKey }) => modelKey))]);
    expect(new Set(models.flat()).size).toBe(modes.length);
    expect(mlpModelKeys(triple + 1)).toEqual(expect.arrayContaining(models.flat()));
  }
});

it.each(networks)('asks for nothing twice of one model, with network %s', (network) => {
  const { requestsOf } = blocksOf(network, triples.length);
  const requests = triples.flatMap((triple) =>
    modes.flatMap((mode, at) => requestsOf(triple, at, mode)),
  );
  const named = (of: (request: (typeof requests)[number]) => string) =>
    new Set(requests.map(of)).size;
  expect(named(({ requestId }) => requestId)).toBe(requests.length);
  expect(named(({ modelKey, subject }) => `${modelKey} ${subject}`)).toBe(requests.length);
});
