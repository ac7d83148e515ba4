import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Classifier, classifierOf, type Preprocessing } from '../classifier.ts';
import { buildModel } from '../model-parts.ts';
import { parseNetworkConfig } from '../parse-network-config.ts';
import { toLogits } from '../to-logits.ts';
import { refuseNonFinite } from '../weights.ts';
import { tfjsTopology } from './keras-config.ts';
import { type KerasWeight, readKerasFile } from './keras-file.ts';

export interface KerasOptions {
  /** What the network was trained on; samples as they are read if not given. */
  readonly preprocessing?: Preprocessing;
}

/**
 * Imports a Sequential or functional classifier that Keras 2 or 3 saved as HDF5. A final
 * softmax or sigmoid is taken off; networks inside the network are put in their place.
 *
 * @throws LetheError `not_found` for a missing file; `invalid` for other formats, unknown
 *   layers, weights that do not fit or are not finite, and networks that are no classifiers
 */
export async function importKeras(file: string, options: KerasOptions = {}): Promise<Classifier> {
  const { modelConfig, weights } = await readKerasFile(file);
  const all = [...weights.values()].flat();
  refuseNonFinite(
    all.map(({ values }) => values),
    all,
    file,
  );
  const network = parseNetworkConfig(tfjsTopology(modelConfig, file), file);
  const model = await buildModel(network, undefined, file);
  try {
    setWeightsByLayer(model, weights, file);
    return classifierOf(await toLogits(model), options.preprocessing);
  } finally {
    model.dispose();
  }
}

/** Keras and tfjs agree on the order of a layer's weights, not always on their names. */
function setWeightsByLayer(
  model: tf.LayersModel,
  weights: ReadonlyMap<string, readonly KerasWeight[]>,
  file: string,
): void {
  const found = byLayer(weights, new Set(model.layers.map(({ name }) => name)));
  for (const layer of model.layers) {
    const stored = found.get(layer.name) ?? [];
    const expected = layer.weights.map(({ shape }) => shape.join());
    const actual = stored.map(({ shape }) => shape.join());
    if (expected.join(';') !== actual.join(';')) {
      throw LetheError.invalid(
        `${file}: weights of layer ${layer.name}`,
        stored.map(({ shape }) => shape),
        `do not fit: shapes ${JSON.stringify(layer.weights.map(({ shape }) => shape))} are needed`,
        "Save architecture and weights together with model.save('model.h5').",
      );
    }
    tf.tidy(() => {
      layer.setWeights(stored.map(({ values, shape }) => tf.tensor(values, [...shape])));
    });
  }
}

/**
 * The weights of each layer. A group of the file is a layer, or a network inside the network:
 * its weights then name their layer themselves, `…/<layer>/<weight>`.
 */
function byLayer(
  groups: ReadonlyMap<string, readonly KerasWeight[]>,
  layers: ReadonlySet<string>,
): Map<string, KerasWeight[]> {
  const found = new Map<string, KerasWeight[]>();
  for (const [group, weights] of groups) {
    for (const weight of weights) {
      const layer = layers.has(group) ? group : (weight.name.split('/').at(-2) ?? group);
      found.set(layer, [...(found.get(layer) ?? []), weight]);
    }
  }
  return found;
}
