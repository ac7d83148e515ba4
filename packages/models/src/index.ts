export * from './classifier.ts';
export { foldBatchNorm } from './fold-batch-norm.ts';
export { importKeras, type KerasOptions } from './keras/import-keras.ts';
export {
  exportLayersModel,
  type LayersModelOptions,
  loadLayersModel,
} from './layers-model-folder.ts';
export { logits, predictedClasses, preprocess } from './logits.ts';
export {
  cifarResNetPreprocessing,
  importTorchResNet,
  type TorchResNetOptions,
} from './pytorch/import-torch-resnet.ts';
export { decodeModel } from './stored-model.ts';
export { toLogits } from './to-logits.ts';
export {
  encodeArrays,
  encodeTopology,
  encodeWeights,
  findNonFinite,
  type NonFinite,
  parseTopology,
  setWeights,
  splitWeights,
  type Topology,
  type WeightSpec,
  weightsOf,
} from './weights.ts';
