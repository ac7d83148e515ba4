import { LetheError } from '@lethe/contracts';
import {
  type Classifier,
  classifierOf,
  identityPreprocessing,
  type Preprocessing,
} from './classifier.ts';
import { buildModel } from './model-parts.ts';
import { parseNetworkConfig } from './parse-network-config.ts';
import { parseTopology, refuseNonFinite, splitWeights } from './weights.ts';

/**
 * The classifier whose structure and weights were stored by `encodeTopology` and
 * `encodeWeights`, on the open backend. Dispose `classifier.model` when done.
 *
 * @throws LetheError `corrupt` when the bytes do not fit each other, `invalid` for NaN and
 *   infinite weights and for a network that is no classifier
 */
export async function decodeModel(
  topologyBytes: Uint8Array,
  weightsBytes: Uint8Array,
  preprocessing: Preprocessing = identityPreprocessing,
): Promise<Classifier> {
  const { modelTopology, weightSpecs } = parseTopology(topologyBytes);
  const values = splitWeights(weightsBytes, weightSpecs);
  refuseNonFinite(values, weightSpecs, 'stored weights');
  const weights = weightSpecs.map((spec, index) => ({ ...spec, values: values[index]! }));
  const network = parseNetworkConfig(modelTopology, 'stored topology');
  const model = await buildModel(network, weights, 'stored topology');
  if (model.weights.some(({ originalName }, index) => originalName !== weightSpecs[index]!.name)) {
    model.dispose();
    throw new LetheError('corrupt', 'The stored weight specs are not in the order of the network.');
  }
  return classifierOf(model, preprocessing);
}
