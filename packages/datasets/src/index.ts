export * from './dataset.ts';
export { datasetKinds, openDataset } from './open-dataset.ts';
