import type * as tf from '@tensorflow/tfjs';

type Layer = tf.layers.Layer;

/** What a gradient of a weight that multiplies the sample is made of. */
export type Facing =
  /** Each output unit has its own product with the whole sample. */
  | 'by unit'
  /** Each weight has a feature of its own. */
  | 'by feature';

/**
 * The weights that multiply the sample itself, by name: those of the first layers with weights on
 * every way from the input. Their gradients are products with the sample, so they can give it
 * away. A layer that scales or bends each feature by itself hands the sample on, so that the layers
 * behind it face the input too.
 */
export function inputFacingWeights(model: tf.LayersModel): ReadonlyMap<string, Facing> {
  const found = new Map<string, Facing>();
  const seen = new Set<Layer>();
  const waiting: Layer[] = [
    ...model.layers.filter((layer) => layer.getClassName() === 'InputLayer'),
  ];
  if (waiting.length === 0 && model.layers[0] !== undefined) waiting.push(model.layers[0]);
  for (let layer = waiting.pop(); layer !== undefined; layer = waiting.pop()) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    const facing = byFeature.has(layer.getClassName()) ? 'by feature' : 'by unit';
    for (const weight of layer.weights) {
      found.set((weight.read() as tf.Variable).name, facing);
    }
    if (layer.weights.length === 0 || facing === 'by feature') {
      waiting.push(...layer.outboundNodes.map((node) => node.outboundLayer));
    }
  }
  return found;
}

const byFeature: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'LayerNormalization',
  'PReLU',
]);
