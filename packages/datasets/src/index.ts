export * from './dataset.ts';
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
