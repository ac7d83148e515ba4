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

export interface ForwardOutput {
  /** Of the passes alone, by the clock and on processors. */
  readonly seconds: number;
  readonly cpu: number;
}

export async function run(input: ForwardInput): Promise<ForwardOutput> {
  const { topology, weights, preprocessing, source, samples, passes } = input;
  const classifier = await decodeModel(topology, weights, preprocessing);
  const dataset = await openDataset(source);
  try {
    const { values } = await dataset.read(Array.from({ length: samples }, (_, row) => row));
    const size = values.length / samples;
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    for (let done = 0; done < passes; ) {
      const count = Math.min(samples, passes - done);
      await logits(classifier, values.subarray(0, count * size), count);
      done += count;
    }
    const { user, system } = process.cpuUsage(startedCpu);
    return { seconds: (performance.now() - startedMs) / 1000, cpu: (user + system) / 1e6 };
  } finally {
    classifier.model.dispose();
    await dataset[Symbol.asyncDispose]();
  }
}
