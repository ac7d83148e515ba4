import { LetheError, sha256 } from '@lethe/contracts';
import type { Dataset, SampleBatch } from './dataset.ts';
import type { TrainingManifest } from './manifest/training-manifest.ts';
import { decodeBatch } from './stored-dataset.ts';

/** Reads training samples and makes sure that each is the one the manifest names. */
export interface SampleReader {
  /**
   * @throws LetheError `not_found` for a row outside the manifest; `corrupt`, naming the sample id,
   * for a sample or label that is no longer what the manifest says
   */
  read(rows: ArrayLike<number>): Promise<SampleBatch>;
}

/**
 * Forgetting the wrong sample cannot be undone: what is read is compared by SHA-256 with what was
 * registered. Owns neither the data set nor the manifest.
 */
export function sampleReader(dataset: Dataset, manifest: TrainingManifest): SampleReader {
  return {
    async read(rows) {
      const expected = Array.from(rows, (row) => ({
        row,
        sampleId: manifest.sampleId(row),
        digest: manifest.sha256(row),
        label: manifest.label(row),
      }));
      for (const { row, sampleId, label } of expected) {
        if (row >= dataset.size) {
          throw changed(sampleId, row, `the data set ends at row ${dataset.size - 1}`);
        }
        if (dataset.label(row) !== label) {
          throw changed(sampleId, row, `its label is ${dataset.label(row)}, not ${label}`);
        }
      }
      const samples = await dataset.sampleBytes(rows);
      expected.forEach(({ row, sampleId, digest }, i) => {
        const found = sha256(samples[i]!);
        if (found !== digest)
          throw changed(sampleId, row, `its SHA-256 is ${found}, not ${digest}`);
      });
      return decodeBatch(dataset, samples, rows);
    },
  };
}

function changed(sampleId: string, row: number, difference: string): LetheError {
  return new LetheError(
    'corrupt',
    `sample ${sampleId} (row ${row}) is not the one in the training manifest: ${difference}. The training data has changed since it was registered: restore it`,
  );
}
