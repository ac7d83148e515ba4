/**
 * Runs in a compute process: what do these models say about these samples?
 *
 * Samples pass through in batches, so that memory holds the models, one batch and one int32
 * per sample and model, whatever the size of a set.
 */
import type { JobContext } from '@lethe/compute';
import { type DatasetSource, LetheError, type RowRange } from '@lethe/contracts';
import {
  type Dataset,
  evaluationSetDigest,
  openDataset,
  openTrainingManifest,
  rowsOfRanges,
  type SampleBatch,
  sampleReader,
} from '@lethe/datasets';
import {
  type Classifier,
  decodeModel,
  findNonFinite,
  logits,
  type Preprocessing,
  parseTopology,
  weightsOf,
} from '@lethe/models';
import { predictionsOf } from '../domain/predictions.ts';

/** Weights of the registered network, as stored. */
export interface ModelToRun {
  /** Names the model in the output. */
  readonly name: string;
  readonly weights: Uint8Array;
}

export type SamplesToJudge =
  /** Rows of an evaluation set, checked against the digest it was registered with. */
  | {
      readonly kind: 'evaluation-set';
      readonly source: DatasetSource;
      readonly ranges: readonly RowRange[];
      readonly digest: string;
    }
  /** Rows of the training data, each checked against the training manifest. */
  | {
      readonly kind: 'training-rows';
      readonly source: DatasetSource;
      readonly manifestFile: string;
      readonly rows: Uint32Array;
    };

export interface EvaluateInput {
  readonly topology: Uint8Array;
  readonly preprocessing: Preprocessing;
  /** Each set with the models that should see it. */
  readonly sets: readonly {
    readonly name: string;
    readonly samples: SamplesToJudge;
    readonly models: readonly string[];
  }[];
  readonly models: readonly ModelToRun[];
}

export interface SetPredictions {
  readonly set: string;
  /** [n] */
  readonly labels: Int32Array;
  /** By name of each model that was run: [n] predicted class, −1 where the output was not finite. */
  readonly predictions: Readonly<Record<string, Int32Array>>;
}

export interface EvaluateOutput {
  readonly sets: readonly SetPredictions[];
  /** Models with weights that are not all finite, with the first such value; none was run. */
  readonly nonFinite: Readonly<Record<string, string>>;
  /** Models whose bytes are no weights of the registered network, and why; none was run. */
  readonly unreadable: Readonly<Record<string, string>>;
}

export interface EvaluateProgress {
  readonly done: number;
  readonly total: number;
}

const batchSize = 256;

/** @throws LetheError about the data on disk, never `invalid` or `corrupt`: nothing is wrong with the candidate */
export async function run(
  input: EvaluateInput,
  context: JobContext<EvaluateProgress>,
): Promise<EvaluateOutput> {
  const models = new Map<string, Classifier>();
  const nonFinite: Record<string, string> = {};
  const unreadable: Record<string, string> = {};
  try {
    for (const { name, weights } of input.models) {
      const opened = await openModel(input, weights);
      if (opened.kind === 'open') models.set(name, opened.classifier);
      if (opened.kind === 'non-finite') nonFinite[name] = opened.value;
      if (opened.kind === 'unreadable') unreadable[name] = opened.reason;
    }
    const sets: SetPredictions[] = [];
    for (const { name, samples, models: wanted } of input.sets) {
      sets.push(await predictSet(name, samples, wanted, models, context).catch(blameTheData));
    }
    return { sets, nonFinite, unreadable };
  } finally {
    for (const { model } of models.values()) model.dispose();
  }
}

/** Data on disk that is not what was registered can be restored: then the evaluation goes on. */
function blameTheData(thrown: unknown): never {
  const error = LetheError.from(thrown);
  if (error.code !== 'invalid' && error.code !== 'corrupt') throw error;
  throw new LetheError('precondition', error.message, { cause: error });
}

type OpenedModel =
  | { readonly kind: 'open'; readonly classifier: Classifier }
  | { readonly kind: 'non-finite'; readonly value: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

async function openModel(
  { topology, preprocessing }: EvaluateInput,
  weights: Uint8Array,
): Promise<OpenedModel> {
  try {
    const found = findNonFinite(weightsOf(weights, topology), parseTopology(topology).weightSpecs);
    if (found !== undefined) {
      return { kind: 'non-finite', value: `${found.name}[${found.index}] is ${found.value}` };
    }
    return { kind: 'open', classifier: await decodeModel(topology, weights, preprocessing) };
  } catch (error) {
    const { code, message } = LetheError.from(error);
    if (code !== 'corrupt' && code !== 'invalid') throw error;
    return { kind: 'unreadable', reason: message };
  }
}

async function predictSet(
  set: string,
  samples: SamplesToJudge,
  wanted: readonly string[],
  models: ReadonlyMap<string, Classifier>,
  { report, signal }: JobContext<EvaluateProgress>,
): Promise<SetPredictions> {
  await using opened = await openSamples(samples);
  const { rows, read } = opened;
  const labels = new Int32Array(rows.length);
  const running = wanted.flatMap((name) => {
    const classifier = models.get(name);
    return classifier === undefined
      ? []
      : [{ name, classifier, seen: new Int32Array(rows.length) }];
  });
  for (let from = 0; from < rows.length; from += batchSize) {
    signal.throwIfAborted();
    const batch = await read(rows.subarray(from, from + batchSize));
    labels.set(batch.labels, from);
    for (const { classifier, seen } of running) {
      const outputs = await logits(classifier, batch.values, batch.labels.length, { signal });
      seen.set(predictionsOf(outputs, classifier.classCount), from);
    }
    report({ done: Math.min(from + batchSize, rows.length), total: rows.length });
  }
  const predictions = Object.fromEntries(running.map(({ name, seen }) => [name, seen]));
  return { set, labels, predictions };
}

interface OpenedSamples extends AsyncDisposable {
  readonly rows: Uint32Array;
  readonly read: (rows: Uint32Array) => Promise<SampleBatch>;
}

async function openSamples(samples: SamplesToJudge): Promise<OpenedSamples> {
  const dataset = await openDataset(samples.source);
  try {
    switch (samples.kind) {
      case 'evaluation-set': {
        const rows = rowsOfRanges([...samples.ranges], dataset.size);
        await checkDigest(dataset, rows, samples.digest);
        return {
          rows,
          read: (some) => dataset.read(some),
          [Symbol.asyncDispose]: () => dataset[Symbol.asyncDispose](),
        };
      }
      case 'training-rows': {
        const manifest = openTrainingManifest(samples.manifestFile);
        const reader = sampleReader(dataset, manifest);
        return {
          rows: samples.rows,
          read: (some) => reader.read(some),
          [Symbol.asyncDispose]: async () => {
            manifest[Symbol.dispose]();
            await dataset[Symbol.asyncDispose]();
          },
        };
      }
      default:
        return samples satisfies never;
    }
  } catch (error) {
    await dataset[Symbol.asyncDispose]();
    throw error;
  }
}

async function checkDigest(dataset: Dataset, rows: Uint32Array, digest: string): Promise<void> {
  const actual = await evaluationSetDigest(dataset, rows);
  if (actual === digest) return;
  throw new LetheError(
    'precondition',
    `the evaluation set on disk is not the one that was registered (${actual} instead of ${digest}); restore its files`,
  );
}
