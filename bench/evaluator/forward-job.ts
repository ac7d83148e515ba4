/** Runs in a compute process: nothing but forward passes, over samples that lie in memory. */
import type { DatasetSource } from '@lethe/contracts';
import { openDataset } from '@lethe/datasets';
import { decodeModel, logits, type Preprocessing } from '@lethe/models';

export interface ForwardInput {
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
  readonly preprocessing: Preprocessing;
  readonly source: DatasetSource;
  /** First so many rows of the source. */
  readonly samples: number;
  /** Passes over so many samples in all. */
  readonly passes: number;
}

/** @returns seconds of the passes alone */
export async function run(input: ForwardInput): Promise<number> {
  const { topology, weights, preprocessing, source, samples, passes } = input;
  const classifier = await decodeModel(topology, weights, preprocessing);
  const dataset = await openDataset(source);
  try {
    const { values } = await dataset.read(Array.from({ length: samples }, (_, row) => row));
    const size = values.length / samples;
    const startedMs = performance.now();
    for (let done = 0; done < passes; ) {
      const count = Math.min(samples, passes - done);
      await logits(classifier, values.subarray(0, count * size), count);
      done += count;
    }
    return (performance.now() - startedMs) / 1000;
  } finally {
    classifier.model.dispose();
    await dataset[Symbol.asyncDispose]();
  }
}
