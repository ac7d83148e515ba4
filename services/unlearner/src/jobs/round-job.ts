/** Runs in a compute process: one round of unlearning, from bytes to bytes. */
import type { JobContext } from '@lethe/compute';
import { type DatasetSource, LetheError, type RowRange } from '@lethe/contracts';
import {
  type Dataset,
  type ExcludedSample,
  evaluationSetDigest,
  openDataset,
  openTrainingManifest,
  rowsOfRanges,
  type SampleBatch,
  sampleReader,
  type TrainingManifest,
} from '@lethe/datasets';
import {
  type Classifier,
  decodeModel,
  encodeArrays,
  type Preprocessing,
  weightsOf,
} from '@lethe/models';
import {
  type LabelledSamples,
  type Mode,
  type RoundOutcome,
  type RoundProgress,
  type RoundResult,
  runRound,
} from '@lethe/unlearning';
import { evenlySpaced } from '../domain/evenly-spaced.ts';
import { isMethodFailure } from '../domain/method-failure.ts';

export interface RoundJobInput {
  readonly topology: Uint8Array;
  /** Weights at the start of the round, as stored. */
  readonly weights: Uint8Array;
  /** Weights of the model as it was imported, as stored. */
  readonly originalWeights: Uint8Array;
  readonly state: Uint8Array | undefined;
  readonly preprocessing: Preprocessing;
  readonly training: { readonly source: DatasetSource; readonly manifestFile: string };
  /** Rows of the training manifest, without repetition. */
  readonly rows: Uint32Array;
  /** Evaluation sets that may steer a round (role `stop`). */
  readonly heldOut: readonly {
    readonly name: string;
    readonly source: DatasetSource;
    readonly ranges: readonly RowRange[];
    readonly digest: string;
    /** What deletion requests took out: it steers no more, and its bytes may be gone. */
    readonly excluded: readonly ExcludedSample[];
    /** Of what is left. */
    readonly digestInForce: string;
  }[];
  /** Most held-out samples to use, evenly spaced over the sets. */
  readonly heldOutLimit: number;
  readonly mode: Mode;
  /** Classes that requests name as a whole; none in `untrain`. */
  readonly forgetClasses: readonly number[];
  /** Only in `relabel`. */
  readonly targetLabel: number | undefined;
  readonly method: string;
  readonly settings: Readonly<Record<string, number | boolean | string>>;
  readonly seed: number;
}

export type RoundJobOutput =
  | {
      readonly kind: 'computed';
      readonly outcome: RoundOutcome;
      readonly weights: Uint8Array;
      readonly state: Uint8Array;
      readonly metrics: RoundResult['metrics'];
      readonly settings: RoundResult['settings'];
      readonly backend: string;
    }
  /** The method cannot do it with these settings: the same again would fail the same way. */
  | { readonly kind: 'method-failed'; readonly reason: string }
  /** Stored samples are not the ones that the training manifest names. */
  | {
      readonly kind: 'foreign-samples';
      readonly rows: readonly number[];
      /** Other samples of the data set are what they should be. */
      readonly othersMatch: boolean;
    };

export async function run(
  input: RoundJobInput,
  { backend, report, signal }: JobContext<RoundProgress>,
): Promise<RoundJobOutput> {
  await using dataset = await openDataset(input.training.source);
  using manifest = openTrainingManifest(input.training.manifestFile);
  const forget = await readForgetSet(dataset, manifest, input.rows);
  if (forget.kind === 'foreign-samples') return forget;
  const heldOut = await readHeldOut(input);

  using network = await openNetwork(input);
  const { classifier } = network;
  let result: RoundResult;
  try {
    result = await runRound(
      {
        network: { ...classifier, isImage: dataset.isImage },
        weights: weightsOf(input.weights, input.topology),
        originalWeights: weightsOf(input.originalWeights, input.topology),
        state: input.state,
        forget: forget.samples,
        forgetClasses: input.forgetClasses,
        ...(input.targetLabel === undefined
          ? {}
          : { targetLabels: new Int32Array(input.rows.length).fill(input.targetLabel) }),
        mode: input.mode,
        method: input.method,
        settings: input.settings,
        heldOut,
        seed: input.seed,
      },
      { onProgress: report, signal },
    );
  } catch (error) {
    if (signal.aborted || !isMethodFailure(LetheError.from(error))) throw error;
    return { kind: 'method-failed', reason: LetheError.from(error).message };
  }
  return {
    kind: 'computed',
    outcome: result.outcome,
    weights: encodeArrays(result.weights),
    state: result.state,
    metrics: result.metrics,
    settings: result.settings,
    backend: backend.name,
  };
}

async function openNetwork(
  input: RoundJobInput,
): Promise<Disposable & { readonly classifier: Classifier }> {
  const classifier = await decodeModel(input.topology, input.weights, input.preprocessing);
  return { classifier, [Symbol.dispose]: () => classifier.model.dispose() };
}

type ForgetSet =
  | { readonly kind: 'read'; readonly samples: SampleBatch }
  | Extract<RoundJobOutput, { kind: 'foreign-samples' }>;

/** Samples that must be forgotten, each proven to be the one that was trained on. */
async function readForgetSet(
  dataset: Dataset,
  manifest: TrainingManifest,
  rows: Uint32Array,
): Promise<ForgetSet> {
  const reader = sampleReader(dataset, manifest);
  const foreign: number[] = [];
  try {
    return { kind: 'read', samples: await reader.read(rows) };
  } catch (error) {
    if (LetheError.from(error).code !== 'corrupt') throw error;
    for (const row of rows) if (!(await matches(row))) foreign.push(row);
  }
  const others = evenlySpaced(manifest.size, 8).filter((row) => !rows.includes(row));
  const othersMatch = await Promise.all(others.map(matches));
  return { kind: 'foreign-samples', rows: foreign, othersMatch: othersMatch.some(Boolean) };

  async function matches(row: number): Promise<boolean> {
    try {
      await reader.read([row]);
      return true;
    } catch (error) {
      if (['corrupt', 'invalid', 'not_found'].includes(LetheError.from(error).code)) return false;
      throw error;
    }
  }
}

async function readHeldOut(input: RoundJobInput): Promise<LabelledSamples | undefined> {
  const batches: SampleBatch[] = [];
  const share = Math.ceil(input.heldOutLimit / Math.max(1, input.heldOut.length));
  for (const { source, ranges, digest, excluded } of input.heldOut) {
    await using dataset = await openDataset(source);
    const all = rowsOfRanges([...ranges], dataset.size);
    const actual = await evaluationSetDigest(dataset, all, excluded);
    if (actual !== digest) {
      throw new LetheError(
        'precondition',
        `the held-out set on disk is not the one that was registered (${actual} instead of ${digest}); restore its files`,
      );
    }
    const takenOut = new Set(excluded.map(({ position }) => position));
    const rows = all.filter((_, position) => !takenOut.has(position));
    if (rows.length === 0) continue;
    const chosen = evenlySpaced(rows.length, share).map((index) => rows[index] as number);
    batches.push(await dataset.read(chosen));
  }
  const [only] = batches;
  return batches.length < 2 ? only : concatenated(batches);
}

function concatenated(batches: readonly SampleBatch[]): LabelledSamples {
  const total = (lengths: readonly number[]) => lengths.reduce((sum, length) => sum + length, 0);
  const values = new Float32Array(total(batches.map((batch) => batch.values.length)));
  const labels = new Int32Array(total(batches.map((batch) => batch.labels.length)));
  let [valueOffset, labelOffset] = [0, 0];
  for (const batch of batches) {
    values.set(batch.values, valueOffset);
    labels.set(batch.labels, labelOffset);
    valueOffset += batch.values.length;
    labelOffset += batch.labels.length;
  }
  return { values, labels };
}
