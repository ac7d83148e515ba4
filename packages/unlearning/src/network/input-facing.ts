import type * as tf from '@tensorflow/tfjs';

type Layer = tf.layers.Layer;

/**
 * Names of the weights that multiply the sample itself: those of the first layers with weights
 * on every way from the input. Their gradients are products with the sample, so they can give
 * it away.
 */
export function inputFacingWeights(model: tf.LayersModel): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<Layer>();
  const waiting: Layer[] = [
    ...model.layers.filter((layer) => layer.getClassName() === 'InputLayer'),
  ];
  if (waiting.length === 0 && model.layers[0] !== undefined) waiting.push(model.layers[0]);
  for (let layer = waiting.pop(); layer !== undefined; layer = waiting.pop()) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    if (layer.weights.length > 0) {
      for (const weight of layer.weights) names.add((weight.read() as tf.Variable).name);
    } else {
      waiting.push(...layer.outboundNodes.map((node) => node.outboundLayer));
    }
  }
  return names;
}
