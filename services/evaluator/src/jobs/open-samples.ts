import { createHash } from 'node:crypto';
import { type DatasetSource, LetheError, type RowRange } from '@lethe/contracts';
import {
  type Dataset,
  type ExcludedSample,
  openDataset,
  openTrainingManifest,
  rowsOfRanges,
  type SampleBatch,
  sampleDigests,
  sampleReader,
  type TrainingManifest,
} from '@lethe/datasets';
import { evenly } from './evenly.ts';

export interface SetOfSource {
  readonly source: DatasetSource;
  readonly ranges: readonly RowRange[];
}

export type SamplesToJudge =
  /** Rows of an evaluation set, checked against the digest it was registered with. */
  | (SetOfSource & {
      readonly kind: 'evaluation-set';
      readonly digest: string;
      /** What is in it was trained on, and is left out. */
      readonly manifestFile: string;
      /** What deletion requests took out: left out too, and its bytes need not be there any more. */
      readonly excluded: readonly ExcludedSample[];
      /** Sets that steer rounds; no sample may be in both. */
      readonly stopSets: readonly SetOfSource[];
      /** Most rows that are looked at, evenly spaced. */
      readonly limit: number;
    })
  /** Rows of the training data, each checked against the training manifest. */
  | {
      readonly kind: 'training-rows';
      readonly source: DatasetSource;
      readonly manifestFile: string;
      readonly rows: Uint32Array;
    }
  /** Samples of an earlier round that are still held. */
  | {
      readonly kind: 'held';
      readonly values: Float32Array;
      readonly labels: Int32Array;
      readonly shape: readonly number[];
    };

export interface OpenedSamples extends AsyncDisposable {
  /** What `read` takes. */
  readonly rows: Uint32Array;
  /** Positions of the rows within the set as registered. */
  readonly positions: Uint32Array;
  readonly removed: number;
  readonly sharedWithStop: number;
  readonly shape: readonly number[];
  readonly isImage: boolean;
  readonly read: (rows: Uint32Array) => Promise<SampleBatch>;
}

export async function openSamples(samples: SamplesToJudge): Promise<OpenedSamples> {
  if (samples.kind === 'held') return openHeld(samples);
  const dataset = await openDataset(samples.source);
  const manifest = openTrainingManifest(samples.manifestFile);
  const close = async () => {
    manifest[Symbol.dispose]();
    await dataset[Symbol.asyncDispose]();
  };
  try {
    const opened =
      samples.kind === 'evaluation-set'
        ? await cleanSet(dataset, manifest, samples)
        : {
            rows: samples.rows,
            positions: samples.rows,
            removed: 0,
            sharedWithStop: 0,
            read: (rows: Uint32Array) => sampleReader(dataset, manifest).read(rows),
          };
    const { shape, isImage } = dataset;
    return { ...opened, shape, isImage, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One walk over the set: is it the registered one, and which of its samples may judge? */
async function cleanSet(
  dataset: Dataset,
  manifest: TrainingManifest,
  set: Extract<SamplesToJudge, { kind: 'evaluation-set' }>,
) {
  const all = rowsOfRanges([...set.ranges], dataset.size);
  const excluded = new Map(set.excluded.map((each) => [each.position, each.sha256]));
  const steering = await digestsOf(set.stopSets);
  const hash = createHash('sha256');
  const rows: number[] = [];
  const positions: number[] = [];
  let [position, sharedWithStop] = [0, 0];
  for await (const { row, digest } of sampleDigests(dataset, all)) {
    const takenOut = excluded.get(position);
    hash.update(takenOut ?? digest, 'hex');
    if (takenOut === undefined) {
      if (steering.has(digest)) sharedWithStop += 1;
      if (manifest.rowsOfDigests([digest]).rows.length === 0) {
        rows.push(row);
        positions.push(position);
      }
    }
    position += 1;
  }
  const actual = hash.digest('hex');
  if (actual !== set.digest) {
    throw new LetheError(
      'precondition',
      `the evaluation set on disk is not the one that was registered (${actual} instead of ${set.digest}); restore its files`,
    );
  }
  return {
    rows: evenly(Uint32Array.from(rows), set.limit),
    positions: evenly(Uint32Array.from(positions), set.limit),
    removed: all.length - excluded.size - rows.length,
    sharedWithStop,
    read: (some: Uint32Array) => dataset.read(some),
  };
}

async function digestsOf(sets: readonly SetOfSource[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const { source, ranges } of sets) {
    await using dataset = await openDataset(source);
    const rows = rowsOfRanges([...ranges], dataset.size);
    for await (const { digest } of sampleDigests(dataset, rows)) found.add(digest);
  }
  return found;
}

function openHeld({
  values,
  labels,
  shape,
}: Extract<SamplesToJudge, { kind: 'held' }>): OpenedSamples {
  const rows = Uint32Array.from(labels.keys());
  const size = values.length / labels.length;
  return {
    rows,
    positions: rows,
    removed: 0,
    sharedWithStop: 0,
    shape,
    isImage: false,
    async read(some) {
      const batch = new Float32Array(some.length * size);
      some.forEach((row, i) => {
        batch.set(values.subarray(row * size, (row + 1) * size), i * size);
      });
      return { values: batch, labels: Int32Array.from(some, (row) => labels[row] as number) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
