import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/lethe-process.ts';
import { modelDigests } from './model-digests.ts';

const weightSpecs = [{ name: 'a', shape: [2], dtype: 'float32' }];
const modelTopology = { layers: [{ z: 1, a: 2 }] };

describe('modelDigests', () => {
  it('takes a digest as it is, with its algorithm before it or not', () => {
    const digest = sha256('weights');
    for (const text of [digest, `sha256:${digest}`]) {
      expect(modelDigests(text)).toEqual({ weightsDigest: digest, topologyDigest: '' });
    }
  });

  it('knows an exported folder by what Lethe stores: joined shards and canonical topology', () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'one.bin'), 'wei');
    writeFileSync(join(folder.path, 'two.bin'), 'ghts');
    const weightsManifest = [{ paths: ['one.bin', 'two.bin'], weights: weightSpecs }];
    const json = JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest });
    writeFileSync(join(folder.path, 'model.json'), json);
    expect(modelDigests(folder.path)).toEqual({
      weightsDigest: sha256('weights'),
      topologyDigest: sha256(canonicalJson({ modelTopology, weightSpecs })),
    });
  });

  it('refuses what is neither, naming the option', () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, 'empty'));
    for (const given of ['frob', join(folder.path, 'empty'), `${sha256('x')}0`]) {
      expect(() => modelDigests(given)).toThrow(/--model = .*neither a digest nor a model/);
    }
  });
});
