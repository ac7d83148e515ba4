import * as tf from '@tensorflow/tfjs';

/** What is used here of tfjs's layer, which it does not export. */
interface BatchNormalization extends tf.layers.Layer {
  momentum: number;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

/**
 * Runs `compute` with batch normalisation as it is in training: by the mean and variance of the
 * batch. The running ones stay as they are, and every other layer stays in evaluation mode (no
 * dropout). `compute` applies the model, once or more.
 */
export function withBatchStatistics<T>(model: tf.LayersModel, compute: () => T): T {
  return inTraining(model, 1, compute);
}

/** Does it normalise by batches in training? */
export function hasBatchStatistics(model: tf.LayersModel): boolean {
  return normalisations(model).length > 0;
}

/**
 * Sets the running statistics to those of all samples together, where each batch is normalised by
 * its own on the way there (Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", §3):
 *   μ = E[μ_B], σ² = E[σ_B² + μ_B²] − μ², each batch weighing what it holds.
 * Nothing of what they were is left in them.
 *
 * @param batches network input, [n, …sampleShape] each; disposed of when done with
 */
export async function measureStatistics(
  model: tf.LayersModel,
  batches: AsyncIterable<tf.Tensor>,
): Promise<void> {
  const layers = normalisations(model).map((layer) => {
    const { movingMean, movingVariance } = layer;
    const { size } = movingMean.read();
    const sums = { first: new Float64Array(size), second: new Float64Array(size) };
    return { movingMean, movingVariance, sums };
  });
  let seen = 0;
  for await (const batch of batches) {
    const n = batch.shape[0] as number;
    seen += n;
    try {
      tf.tidy(() => {
        for (const { movingMean, movingVariance } of layers) {
          // From 0, so that no rounding of what they were is left.
          for (const one of [movingMean, movingVariance]) one.write(tf.zerosLike(one.read()));
        }
        inTraining(model, 0, () => model.apply(batch, { training: false }));
      });
    } finally {
      batch.dispose();
    }
    for (const { movingMean, movingVariance, sums } of layers) {
      const mean = await movingMean.read().data<'float32'>();
      const variance = await movingVariance.read().data<'float32'>();
      for (const [i, value] of mean.entries()) {
        (sums.first[i] as number) += n * value;
        (sums.second[i] as number) += n * ((variance[i] as number) + value ** 2);
      }
    }
  }
  for (const { movingMean, movingVariance, sums } of layers) {
    const mean = sums.first.map((sum) => sum / seen);
    const variance = sums.second.map((sum, i) => sum / seen - (mean[i] as number) ** 2);
    tf.tidy(() => {
      movingMean.write(tf.tensor1d(Float32Array.from(mean)));
      movingVariance.write(tf.tensor1d(Float32Array.from(variance, (value) => Math.max(0, value))));
    });
  }
}

/** @param kept what the running statistics keep of themselves, from 0 to 1; the rest is the batch's */
function inTraining<T>(model: tf.LayersModel, kept: number, compute: () => T): T {
  const undo: (() => void)[] = [];
  for (const layer of normalisations(model)) {
    const { call, momentum } = layer;
    layer.call = (inputs, kwargs) => call.call(layer, inputs, { ...kwargs, training: true });
    layer.momentum = kept;
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
