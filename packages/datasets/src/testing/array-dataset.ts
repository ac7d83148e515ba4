import type { Dataset } from '../dataset.ts';
import { StoredDataset } from '../stored-dataset.ts';

/** A data set of vectors of bytes in memory; sample ids are `<name>/<row>`. */
export function arrayDataset(
  name: string,
  samples: readonly (readonly number[])[],
  labels: readonly number[],
): Dataset {
  return new StoredDataset({
    shape: [samples[0]!.length],
    classNames: ['even', 'odd'],
    isImage: false,
    labels,
    sampleId: (row) => `${name}/${row}`,
    sampleBytes: async (rows) => Array.from(rows, (row) => Uint8Array.from(samples[row]!)),
    decode: (sample, into) => into.set(sample),
    [Symbol.asyncDispose]: async () => {},
  });
}
