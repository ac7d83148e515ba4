export * from './dataset.ts';
export { evaluationSampleId } from './evaluation/evaluation-index.ts';
export {
  type ExcludedSample,
  type ExclusionRecord,
  rangesInForce,
  type SetInForce,
  SetsInForce,
} from './evaluation/sets-in-force.ts';
export type { DuplicateRule, EvaluationRole } from './import/evaluation-hygiene.ts';
export {
  type EvaluationInput,
  type ImportInput,
  type ImportProgress,
  type PreparedImport,
  prepareImport,
} from './import/prepare-import.ts';
export { readSubjects, type SubjectLine } from './import/read-subjects.ts';
export type { SubjectsInput } from './import/subject-assignment.ts';
export {
  type BuildOptions,
  buildTrainingManifest,
  type ManifestEntry,
  type ManifestSummary,
} from './manifest/build-manifest.ts';
export {
  openTrainingManifest,
  type RowsFound,
  type TrainingManifest,
} from './manifest/training-manifest.ts';
export { datasetKinds, openDataset } from './open-dataset.ts';
export { evaluationSetDigest, rowsOfRanges, sampleDigests } from './sample-digests.ts';
export { type SampleReader, sampleReader } from './sample-reader.ts';
