import { LetheError } from '@lethe/contracts';
import type * as tf from '@tensorflow/tfjs';

/** Network input = (x · scale − mean) / std, per channel of the last axis; x as the data set reads it. */
export interface Preprocessing {
  readonly scale: number;
  /** One per channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * A network as a function from samples as read (pixels in [0, 1]) to logits.
 * `model` ends in logits: a final softmax or sigmoid has been taken off when it was loaded.
 */
export interface Classifier {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** Shape of one sample, without the batch axis. */
  readonly sampleShape: readonly number[];
  readonly classCount: number;
}

/** Samples go into the network as they are read. */
export const identityPreprocessing: Preprocessing = { scale: 1, mean: [0], std: [1] };

/**
 * A model that ends in logits, as a classifier. The model is not copied: dispose it through
 * `classifier.model`.
 *
 * @throws LetheError `invalid` for several inputs or outputs, an input of open size, an output
 *   that is not [n, classes ≥ 2], or preprocessing that does not fit the channels
 */
export function classifierOf(
  model: tf.LayersModel,
  preprocessing: Preprocessing = identityPreprocessing,
): Classifier {
  const [input, ...moreInputs] = model.inputs;
  const [output, ...moreOutputs] = model.outputs;
  if (!input || !output || moreInputs.length > 0 || moreOutputs.length > 0) {
    throw LetheError.invalid(
      `${model.name}: inputs, outputs`,
      [model.inputs.length, model.outputs.length],
      'a classifier has one input and one output',
      'Save the part of the network between one input and its logits.',
    );
  }
  const sampleShape = input.shape.slice(1);
  if (sampleShape.length === 0 || !sampleShape.every(isFixed)) {
    throw LetheError.invalid(
      `${model.name}: input shape`,
      input.shape,
      'the size of a sample is open',
      'Save the model with a fixed input shape, for example [null, 32, 32, 3].',
    );
  }
  const classCount = output.shape[1];
  if (output.shape.length !== 2 || !isFixed(classCount) || classCount < 2) {
    throw LetheError.invalid(
      `${model.name}: output shape`,
      output.shape,
      'a classifier gives [n, classes] with at least two classes',
      'End the network in one logit or probability per class, or in one sigmoid unit for two classes.',
    );
  }
  checkPreprocessing(preprocessing, sampleShape.at(-1)!);
  return { model, preprocessing, sampleShape, classCount };
}

/** @throws LetheError `invalid` naming the field that is not finite, zero or of the wrong length */
export function checkPreprocessing(preprocessing: Preprocessing, channels: number): void {
  const { scale, mean, std } = preprocessing;
  const remedy = `Give finite numbers, one for all channels or ${channels}.`;
  if (!Number.isFinite(scale) || scale === 0) {
    const description = 'must be finite and not zero';
    throw LetheError.invalid('preprocessing.scale', scale, description, remedy);
  }
  for (const [field, values] of Object.entries({ mean, std })) {
    const fits = values.length === 1 || values.length === channels;
    if (!fits || !values.every(Number.isFinite)) {
      throw LetheError.invalid(`preprocessing.${field}`, values, 'does not fit the input', remedy);
    }
  }
  if (std.some((value) => value <= 0)) {
    throw LetheError.invalid('preprocessing.std', std, 'must be greater than zero', remedy);
  }
}

function isFixed(size: number | null | undefined): size is number {
  return typeof size === 'number' && size > 0;
}
