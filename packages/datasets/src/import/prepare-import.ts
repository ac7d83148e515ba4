import { rename, rm } from 'node:fs/promises';
import {
  type DatasetSource,
  type Digest,
  type EvaluationSet,
  LetheError,
  type RowRange,
} from '@lethe/contracts';
import type { Dataset } from '../dataset.ts';
import { buildEvaluationIndex } from '../evaluation/evaluation-index.ts';
import {
  buildTrainingManifest,
  type ManifestEntry,
  type ManifestSummary,
} from '../manifest/build-manifest.ts';
import { openTrainingManifest, type TrainingManifest } from '../manifest/training-manifest.ts';
import { rangesOfRows, rowsOfRanges, sampleDigests } from '../sample-digests.ts';
import {
  type DuplicateRule,
  EvaluationHygiene,
  type EvaluationRows,
  evaluationRoles,
} from './evaluation-hygiene.ts';
import {
  assignSubjects,
  type SubjectAssignment,
  type SubjectsInput,
} from './subject-assignment.ts';

export interface EvaluationInput {
  readonly name: string;
  /** `stop`: may steer and stop a round. `gate`: judges it. */
  readonly role: string;
  readonly source: DatasetSource;
  readonly dataset: Dataset;
  /** [from, to) rows of the data set; empty: all. */
  readonly ranges: readonly RowRange[];
}

export interface ImportInput {
  readonly training: Dataset;
  /** Where the training manifest is written. */
  readonly manifestFile: string;
  /** Where the index of the evaluation sets is written, if there is any set. */
  readonly evaluationIndexFile: string;
  readonly subjects: SubjectsInput;
  readonly evaluationSets: readonly EvaluationInput[];
  /** Evaluation samples that were trained on or have two roles. Default `refuse`. */
  readonly duplicates?: DuplicateRule;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly phase: 'subjects' | 'training' | 'evaluation';
  readonly done: number;
  /** Unknown while a file of subjects is read. */
  readonly total: number | undefined;
}

export interface PreparedImport {
  readonly manifest: ManifestSummary;
  /** Records for the registration, with digests; left-out rows are outside their ranges. */
  readonly evaluationSets: EvaluationSet[];
  /** SHA-256 of the index of their samples; empty where there is no set. */
  readonly evaluationIndexDigest: Digest | '';
  /** Sentences that the person importing should see. */
  readonly notes: readonly string[];
}

/**
 * Writes the training manifest and makes sure that the evaluation sets may judge. All or nothing:
 * no manifest is left behind when something is refused.
 * @throws LetheError `invalid` naming the set, row and sample, or the file and line, at fault
 */
export async function prepareImport(input: ImportInput): Promise<PreparedImport> {
  const sets = input.evaluationSets.map((set) => checkedSet(set, input));
  checkNames(input.evaluationSets);
  const pending = `${input.manifestFile}.pending-${process.pid}`;
  const notes: string[] = [];
  try {
    using subjects = await assignSubjects(input.subjects, (done) =>
      input.onProgress?.({ phase: 'subjects', done, total: undefined }),
    );
    const manifest = await writeManifest(pending, input, subjects);
    if (manifest.subjectCount === 0) {
      notes.push('No sample belongs to a subject: requests can name samples and classes only.');
    }
    using opened = openTrainingManifest(pending);
    subjects.checkAllUsed(opened);
    const checked = await checkEvaluationSets(sets, opened, input);
    notes.push(...checked.notes);
    await rename(pending, input.manifestFile);
    return { manifest, ...checked, notes };
  } finally {
    await rm(pending, { force: true });
  }
}

interface CheckedSet extends EvaluationRows {
  readonly source: DatasetSource;
}

function writeManifest(
  file: string,
  input: ImportInput,
  subjects: SubjectAssignment,
): Promise<ManifestSummary> {
  const { training, onProgress, signal } = input;
  return buildTrainingManifest(file, manifestEntries(training, subjects), {
    classCount: training.classCount,
    onProgress: (done) => onProgress?.({ phase: 'training', done, total: training.size }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function* manifestEntries(
  dataset: Dataset,
  subjects: SubjectAssignment,
): AsyncGenerator<ManifestEntry> {
  for await (const { row, digest } of sampleDigests(dataset)) {
    const sampleId = dataset.sampleId(row);
    const subject = subjects.subjectOf(row, sampleId);
    yield { row, sampleId, sha256: digest, label: dataset.label(row), subject };
  }
}

async function checkEvaluationSets(
  sets: readonly CheckedSet[],
  manifest: TrainingManifest,
  input: ImportInput,
): Promise<Pick<PreparedImport, 'evaluationSets' | 'evaluationIndexDigest' | 'notes'>> {
  using hygiene = new EvaluationHygiene(manifest, input.duplicates ?? 'refuse');
  const total = sets.reduce((sum, { rows }) => sum + rows.length, 0);
  const cleanSets: CheckedSet[] = [];
  const notes: string[] = [];
  let before = 0;
  for (const set of sets) {
    if (input.signal?.aborted) throw new LetheError('cancelled', 'the import was cancelled');
    const clean = await hygiene.check(set, (done) =>
      input.onProgress?.({ phase: 'evaluation', done: before + done, total }),
    );
    before += set.rows.length;
    notes.push(...clean.notes);
    if (clean.rows.length === 0) throw emptySet(set.name);
    cleanSets.push({ ...set, rows: clean.rows });
  }
  if (cleanSets.length === 0) return { evaluationSets: [], evaluationIndexDigest: '', notes };
  const { evaluationIndexFile: file, training } = input;
  const index = await buildEvaluationIndex(file, cleanSets, training.classCount);
  const evaluationSets = cleanSets.map(({ name, role, source, rows }, i) => ({
    name,
    role,
    source,
    ranges: rangesOfRows(rows),
    digest: index.setDigests[i] as Digest,
    size: rows.length,
  }));
  return { evaluationSets, evaluationIndexDigest: index.digest, notes };
}

function checkedSet(set: EvaluationInput, { training }: ImportInput): CheckedSet {
  const where = `evaluation set ${set.name}`;
  const role = evaluationRoles.find((candidate) => candidate === set.role);
  if (role === undefined) {
    throw LetheError.invalid(
      `${where}: role`,
      set.role,
      `must be one of ${evaluationRoles.join(', ')}`,
      'stop may steer a round, gate judges it.',
    );
  }
  const { shape, classCount } = set.dataset;
  if (shape.join() !== training.shape.join() || classCount !== training.classCount) {
    throw LetheError.invalid(
      where,
      `[${shape}], ${classCount} classes`,
      `must be like the training data: [${training.shape}], ${training.classCount} classes`,
      'Name data of the same kind.',
    );
  }
  const rows = rowsOfRanges(set.ranges, set.dataset.size);
  if (rows.length === 0) throw emptySet(set.name);
  return { name: set.name, role, source: set.source, dataset: set.dataset, rows };
}

function checkNames(sets: readonly EvaluationInput[]): void {
  const names = sets.map(({ name }) => name);
  const fault = names.find((name, i) => name === '' || names.indexOf(name) !== i);
  if (fault === undefined) return;
  throw LetheError.invalid(
    'evaluation set name',
    fault,
    'must be given, and only once',
    'Give each set a name of its own.',
  );
}

function emptySet(name: string): LetheError {
  return LetheError.invalid(
    `evaluation set ${name}`,
    '0 samples',
    'has no samples left to judge with',
    'Choose other ranges or another data set.',
  );
}
