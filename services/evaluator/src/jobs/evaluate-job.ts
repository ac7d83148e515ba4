/**
 * Runs in a compute process: what do these models say about these samples?
 *
 * Samples pass through in batches, so that memory holds the models, one batch and the logits of
 * the rows asked for, whatever the size of a set.
 */
import type { JobContext } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import { logits, type Preprocessing } from '@lethe/models';
import { type Augmentation, augmentations, augmentedCopies } from '@lethe/unlearning/measures';
import { concatenate } from '../concatenate.ts';
import { evenlyOfClasses } from './evenly.ts';
import { type ModelRoles, type OpenModels, openModels, type WeightsFacts } from './open-models.ts';
import { type OpenedSamples, openSamples, type SamplesToJudge } from './open-samples.ts';

/** A set, and the models that should see it, by digest. */
export interface SetToJudge {
  readonly name: string;
  readonly samples: SamplesToJudge;
  readonly models: readonly string[];
  /**
   * About how many samples the candidate should see mirrored and shifted copies of too; images only,
   * and of the classes of the first set alone.
   */
  readonly copies: number;
  /** Also give the samples themselves back: they are to be held. */
  readonly keepValues: boolean;
}

export interface EvaluateInput {
  readonly topology: Uint8Array;
  readonly preprocessing: Preprocessing;
  /** Weights as stored, by digest. */
  readonly weights: Readonly<Record<string, Uint8Array>>;
  readonly roles: ModelRoles;
  /** The forget set first. */
  readonly sets: readonly SetToJudge[];
}

export interface SetLogits {
  readonly set: string;
  /** [n] */
  readonly labels: Int32Array;
  /** [n] positions within the set as registered, ascending. */
  readonly rows: Uint32Array;
  /** Rows left out because they are trained on. */
  readonly removed: number;
  /** Samples that a stop set holds too. */
  readonly sharedWithStop: number;
  /** By digest of each model that was run: [n, classes]. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  readonly copies:
    | {
        readonly labels: Int32Array;
        readonly candidate: Readonly<Record<Augmentation, Float32Array>>;
      }
    | undefined;
  /** Row-major [n, ...shape], where they were asked for. */
  readonly values: Float32Array | undefined;
}

export interface EvaluateOutput {
  readonly sets: readonly SetLogits[];
  readonly weights: WeightsFacts;
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
  using models = await openModels(input);
  const candidate = models.classifiers.get(input.roles.candidate);
  if (candidate === undefined) return { sets: [], weights: models.facts };
  const sets: SetLogits[] = [];
  for (const set of input.sets) {
    const judged = judgeSet(set, sets[0]?.labels, models, input.roles, context);
    sets.push(await judged.catch(blameTheData));
  }
  return { sets, weights: models.facts };
}

/** Data on disk that is not what was registered can be restored: then the evaluation goes on. */
function blameTheData(thrown: unknown): never {
  const error = LetheError.from(thrown);
  if (error.code !== 'invalid' && error.code !== 'corrupt') throw error;
  throw new LetheError('precondition', error.message, { cause: error });
}

async function judgeSet(
  set: SetToJudge,
  forgetLabels: Int32Array | undefined,
  { classifiers }: OpenModels,
  roles: ModelRoles,
  { report, signal }: JobContext<EvaluateProgress>,
): Promise<SetLogits> {
  await using samples = await openSamples(set.samples);
  const { rows } = samples;
  const labels = new Int32Array(rows.length);
  const running = set.models.flatMap((digest) => {
    const classifier = classifiers.get(digest);
    if (classifier === undefined) return [];
    const seen = new Float32Array(rows.length * classifier.classCount);
    return [{ digest, classifier, seen }];
  });
  const kept: Float32Array[] = [];
  for (let from = 0; from < rows.length; from += batchSize) {
    signal.throwIfAborted();
    const batch = await samples.read(rows.subarray(from, from + batchSize));
    labels.set(batch.labels, from);
    if (set.keepValues) kept.push(batch.values);
    for (const { classifier, seen } of running) {
      const outputs = await logits(classifier, batch.values, batch.labels.length, { signal });
      seen.set(outputs, from * classifier.classCount);
    }
    report({ done: Math.min(from + batchSize, rows.length), total: rows.length });
  }
  return {
    set: set.name,
    labels,
    rows: samples.positions,
    removed: samples.removed,
    sharedWithStop: samples.sharedWithStop,
    logits: Object.fromEntries(running.map(({ digest, seen }) => [digest, seen])),
    copies: await judgeCopies(
      set,
      samples,
      { all: labels, wanted: new Set(forgetLabels ?? labels) },
      classifiers.get(roles.candidate),
      signal,
    ),
    values: set.keepValues ? concatenate(kept) : undefined,
  };
}

async function judgeCopies(
  { copies }: SetToJudge,
  { rows, read, shape, isImage }: OpenedSamples,
  classes: { readonly all: Int32Array; readonly wanted: ReadonlySet<number> },
  candidate: Parameters<typeof logits>[0] | undefined,
  signal: AbortSignal,
): Promise<SetLogits['copies']> {
  const [height, width, channels] = shape;
  if (copies === 0 || !isImage || candidate === undefined) return undefined;
  if (height === undefined || width === undefined || channels === undefined) return undefined;
  const some = evenlyOfClasses(rows, classes.all, copies, classes.wanted);
  const labels = new Int32Array(some.length);
  const seen = { mirrored: [] as Float32Array[], shifted: [] as Float32Array[] };
  for (let from = 0; from < some.length; from += batchSize) {
    signal.throwIfAborted();
    const batch = await read(some.subarray(from, from + batchSize));
    labels.set(batch.labels, from);
    for (const augmentation of augmentations) {
      const values = augmentedCopies(batch.values, [height, width, channels], augmentation);
      seen[augmentation].push(await logits(candidate, values, batch.labels.length, { signal }));
    }
  }
  return {
    labels,
    candidate: { mirrored: concatenate(seen.mirrored), shifted: concatenate(seen.shifted) },
  };
}
