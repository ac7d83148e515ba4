/** The stored topology of a network. */
export interface StoredTopology {
  readonly modelTopology: unknown;
  readonly weightSpecs: unknown;
}

/**
 * The model.json of a TensorFlow.js LayersModel, beside its weights.bin; the preprocessing it needs is
 * noted under `userDefinedMetadata.lethe.preprocessing`.
 */
export function layersModelJson(
  { modelTopology, weightSpecs }: StoredTopology,
  preprocessing: object | undefined,
): string {
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: 'lethe',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
    ...(preprocessing && { userDefinedMetadata: { lethe: { preprocessing } } }),
  });
}
