import { LetheError, Mode, type ModelRegistration } from '@lethe/contracts';
import type { TrainingManifest } from '@lethe/datasets';
import { type EvaluationIndex, evaluationSamples } from './evaluation-samples.ts';
import { limits } from './limits.ts';
import type { ParsedRequest, ParsedScope } from './parse-request.ts';
import { Violations } from './violations.ts';

/** What intake knows of a model. */
export interface IntakeModel {
  readonly registration: ModelRegistration;
  readonly manifest: Pick<
    TrainingManifest,
    'rowsOfSubject' | 'rowsOfSampleIds' | 'rowsOfDigests' | 'classCounts' | 'label'
  >;
  /** Index of the evaluation sets; models imported before there was one have none. */
  readonly evaluation: EvaluationIndex | undefined;
}

export type ResolvedScope =
  /** Ascending rows of the training manifest, each once, at least one. */
  | { readonly kind: 'rows'; readonly rows: Uint32Array }
  | { readonly kind: 'class'; readonly label: number; readonly sampleCount: number }
  /** Nothing of it was ever trained on. */
  | { readonly kind: 'no-match' };

export interface ResolvedRequest {
  readonly parsed: ParsedRequest;
  readonly modelKey: string;
  readonly mode: Mode;
  readonly scope: ResolvedScope;
  /** Ascending rows of the evaluation index that the request takes out, each once. */
  readonly evaluationRows: Uint32Array;
}

/**
 * What a request means for its model: mode, rows to forget, and samples of evaluation sets that
 * may neither steer nor judge any more.
 *
 * A list in which nothing is known is `no-match`; one in which some samples are unknown is refused
 * with their names, so that no part of a request is dropped without a word.
 *
 * @throws LetheError `invalid` with every violation; `capacity` when the subject owns too much
 */
export function resolveRequest(parsed: ParsedRequest, model: IntakeModel): ResolvedRequest {
  const violations = new Violations();
  const mode = chooseMode(parsed, model, violations);
  const { scope, evaluationRows } = resolveScope(parsed.scope, model, violations);
  checkRelabel(parsed, model, scope, violations);
  if (!violations.isEmpty) throw violations.toError();
  return { parsed, modelKey: model.registration.modelKey, mode, scope, evaluationRows };
}

function chooseMode(
  { mode: asked }: ParsedRequest,
  { registration }: IntakeModel,
  violations: Violations,
): Mode {
  const mode = asked === Mode.MODE_UNSPECIFIED ? registration.defaultMode : asked;
  const hasStopSet = registration.evaluationSets.some(({ role }) => role === 'stop');
  if (mode === Mode.MODE_UNTRAIN && !hasStopSet) {
    violations.add(
      'mode',
      'untrain',
      'needs a labelled held-out set with role stop, and the model has none',
      'Use mode misclassify, or import the model with a stop set.',
    );
  }
  return mode;
}

function resolveScope(scope: ParsedScope, model: IntakeModel, violations: Violations): Resolved {
  switch (scope.kind) {
    case 'subject':
      return ofTraining(checkedRows(model.manifest.rowsOfSubject(scope.handle)));
    case 'samples':
      return resolveSamples(scope, model, violations);
    case 'class':
      return ofTraining(resolveClass(scope.label, model, violations));
    default:
      return scope satisfies never;
  }
}

type Resolved = Pick<ResolvedRequest, 'scope' | 'evaluationRows'>;

/** Subjects and classes are of the training data: evaluation sets hold no subject. */
function ofTraining(scope: ResolvedScope): Resolved {
  return { scope, evaluationRows: new Uint32Array(0) };
}

function resolveSamples(
  { ids, sha256 }: ParsedScope & { kind: 'samples' },
  { manifest, evaluation, registration }: IntakeModel,
  violations: Violations,
): Resolved {
  const byId = manifest.rowsOfSampleIds(ids);
  const byDigest = manifest.rowsOfDigests(sha256);
  const rows = ascendingUnique(byId.rows, byDigest.rows);
  const setNames = registration.evaluationSets.map(({ name }) => name);
  const held = evaluationSamples({ ids: byId.unknown, sha256 }, setNames, evaluation);
  const { rows: evaluationRows, ambiguous } = held;
  const unknown = new Set(held.unknown);
  if (rows.length + evaluationRows.length + ambiguous.length === 0) {
    return ofTraining({ kind: 'no-match' });
  }
  const description = 'is neither in the training manifest nor in an evaluation set';
  const remedy = 'Leave it out: only registered samples can be forgotten.';
  for (const id of byId.unknown.filter((each) => unknown.has(each))) {
    violations.add('scope.samples.ids', id, description, remedy);
  }
  for (const digest of byDigest.unknown.filter((each) => unknown.has(each))) {
    violations.add('scope.samples.sha256', digest, description, remedy);
  }
  for (const id of ambiguous) {
    violations.add(
      'scope.samples.ids',
      id,
      'names different samples of several evaluation sets',
      'Write SET:ID, or name the sample by its SHA-256.',
    );
  }
  return { scope: checkedRows(rows), evaluationRows };
}

function resolveClass(
  label: number,
  { registration, manifest }: IntakeModel,
  violations: Violations,
): ResolvedScope {
  if (label >= registration.classCount) {
    violations.add(
      'scope.class_label',
      label,
      `must be a label from 0 to ${registration.classCount - 1}`,
      'Name a class that the model knows.',
    );
  }
  const sampleCount = manifest.classCounts[label] ?? 0;
  return sampleCount === 0 ? { kind: 'no-match' } : { kind: 'class', label, sampleCount };
}

function checkRelabel(
  { relabelTo }: ParsedRequest,
  { registration, manifest }: IntakeModel,
  scope: ResolvedScope,
  violations: Violations,
): void {
  if (relabelTo === undefined) return;
  if (relabelTo >= registration.classCount) {
    violations.add(
      'relabel_to',
      relabelTo,
      `must be a label from 0 to ${registration.classCount - 1}`,
      'Name a class that the model knows.',
    );
  } else if (hasLabel(scope, relabelTo, manifest)) {
    violations.add(
      'relabel_to',
      relabelTo,
      'is already the label of a sample in the scope',
      'Name another label, or leave out the samples that have it.',
    );
  }
}

function hasLabel(scope: ResolvedScope, label: number, manifest: IntakeModel['manifest']): boolean {
  switch (scope.kind) {
    case 'rows':
      return scope.rows.some((row) => manifest.label(row) === label);
    case 'class':
      return scope.label === label;
    case 'no-match':
      return false;
    default:
      return scope satisfies never;
  }
}

function checkedRows(rows: Uint32Array): ResolvedScope {
  if (rows.length === 0) return { kind: 'no-match' };
  if (rows.length <= limits.resolvedRows) return { kind: 'rows', rows };
  throw new LetheError(
    'capacity',
    `scope names ${rows.length} samples; one request can carry at most ${limits.resolvedRows}. Name the samples in several requests.`,
  );
}

function ascendingUnique(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return Uint32Array.from(new Set([...a, ...b])).sort();
}
