import * as tf from '@tensorflow/tfjs';

/** What is used here of tfjs's layer, which it does not export. */
interface BatchNormalization extends tf.layers.Layer {
  momentum: number;
}

/**
 * Runs `compute` with batch normalisation as it is in training: by the mean and variance of the
 * batch. The running ones stay as they are, and every other layer stays in evaluation mode (no
 * dropout). `compute` applies the model, once or more.
 */
export function withBatchStatistics<T>(model: tf.LayersModel, compute: () => T): T {
  const undo: (() => void)[] = [];
  for (const layer of normalisations(model)) {
    const { call, momentum } = layer;
    layer.call = (inputs, kwargs) => call.call(layer, inputs, { ...kwargs, training: true });
    // The running statistics are their own value times this and the batch's times the rest.
    layer.momentum = 1;
    undo.push(() => Object.assign(layer, { call, momentum }));
  }
  try {
    return compute();
  } finally {
    for (const back of undo) back();
  }
}

/** Layers of batch normalisation, those of inner networks too. */
function normalisations(model: tf.LayersModel): BatchNormalization[] {
  return model.layers.flatMap((layer) => {
    if (layer instanceof tf.LayersModel) return normalisations(layer);
    return layer.getClassName() === 'BatchNormalization' ? [layer as BatchNormalization] : [];
  });
}
