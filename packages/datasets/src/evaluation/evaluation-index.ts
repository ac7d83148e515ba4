import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '@lethe/contracts';
import type { Dataset } from '../dataset.ts';
import { buildTrainingManifest, type ManifestEntry } from '../manifest/build-manifest.ts';
import { sampleDigests } from '../sample-digests.ts';

/** Rows of one evaluation set, in the set's order. */
export interface IndexedSet {
  readonly name: string;
  readonly dataset: Dataset;
  readonly rows: Uint32Array;
}

export interface EvaluationIndexSummary {
  /** SHA-256 of the file. */
  readonly digest: Digest;
  /** Digest of each set, in order: SHA-256 over its samples' SHA-256. */
  readonly setDigests: readonly Digest[];
}

/** Name of a sample of an evaluation set, in requests and in the index. */
export function evaluationSampleId(set: string, sampleId: string): string {
  return `${set}:${sampleId}`;
}

/**
 * Writes the index of all samples of a model's evaluation sets, so that a deletion request that
 * names one of them can be resolved without the data. It has the form of a training manifest:
 * rows count on from set to set, nobody owns a sample.
 */
export async function buildEvaluationIndex(
  file: string,
  sets: readonly IndexedSet[],
  classCount: number,
): Promise<EvaluationIndexSummary> {
  const hashes = sets.map(() => createHash('sha256'));
  const { digest } = await buildTrainingManifest(file, entries(sets, hashes), { classCount });
  return { digest, setDigests: hashes.map((hash) => hash.digest('hex') as Digest) };
}

async function* entries(
  sets: readonly IndexedSet[],
  hashes: readonly Hash[],
): AsyncGenerator<ManifestEntry> {
  let row = 0;
  for (const [index, { name, dataset, rows }] of sets.entries()) {
    for await (const sample of sampleDigests(dataset, rows)) {
      hashes[index]?.update(sample.digest, 'hex');
      const sampleId = evaluationSampleId(name, dataset.sampleId(sample.row));
      const label = dataset.label(sample.row);
      yield { row: row++, sampleId, sha256: sample.digest, label, subject: '' };
    }
  }
}
