import * as tf from '@tensorflow/tfjs';

/** What a gradient saw of a layer: one entry for each time it was applied. */
export interface Tap {
  readonly inputs: tf.Tensor[];
  /** ∂ℓ/∂z of what the layer computes before its activation. */
  readonly gradients: tf.Tensor[];
}

interface Activated extends tf.layers.Layer {
  activation?: { apply(z: tf.Tensor): tf.Tensor };
}

/**
 * Runs `compute`, which takes a gradient through the model, and gives what each of the layers got
 * and what came back to it. The tensors in the taps are kept: they are the caller's to dispose.
 */
export function withTaps<T>(
  layers: readonly tf.layers.Layer[],
  compute: () => T,
): { readonly result: T; readonly taps: readonly Tap[] } {
  const undo: (() => void)[] = [];
  const linear = (tf.layers.dense({ units: 1 }) as unknown as Activated).activation;
  const taps = (layers as readonly Activated[]).map((layer): Tap => {
    const tap: Tap = { inputs: [], gradients: [] };
    const { call, activation } = layer;
    layer.call = (inputs, kwargs) => {
      const input = Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
      tap.inputs.push(tf.keep(input.clone()));
      if (linear !== undefined && activation !== undefined) layer.activation = linear;
      const z = call.call(layer, inputs, kwargs) as tf.Tensor;
      if (activation !== undefined) layer.activation = activation;
      const seen = heard(z, (gradient) => tap.gradients.push(tf.keep(gradient.clone())));
      return activation === undefined ? seen : activation.apply(seen);
    };
    undo.push(() => {
      layer.call = call;
      if (activation !== undefined) layer.activation = activation;
    });
    return tap;
  });
  try {
    return { result: compute(), taps };
  } catch (error) {
    tf.dispose(taps.flatMap(({ inputs, gradients }) => [...inputs, ...gradients]));
    throw error;
  } finally {
    for (const back of undo) back();
  }
}

/** The same tensor; `hear` gets its gradient. */
function heard(z: tf.Tensor, hear: (gradient: tf.Tensor) => void): tf.Tensor {
  const same = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => {
      hear(dy);
      return dy.clone();
    },
  }));
  return same(z);
}
