import { LetheError } from '@lethe/contracts';
import type { Method } from './methods/method.ts';
import type { LabelledSamples, Network, RoundInput } from './round.ts';

/**
 * Refuses input that no round can be run on, before anything is computed.
 *
 * @throws LetheError `invalid` naming field, value and remedy
 */
export function checkRoundInput(input: RoundInput, method: Method): void {
  const { network, mode, seed } = input;
  if (!method.modes.includes(mode)) {
    throw LetheError.invalid(
      'mode',
      mode,
      `is no mode of the method ${method.name}`,
      `Use ${method.modes.join(', ')}.`,
    );
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw LetheError.invalid('seed', seed, 'is no seed', 'Use a whole number from 0 to 2^53 - 1.');
  }
  checkWeights('weights', input.weights, network);
  checkWeights('originalWeights', input.originalWeights, network);
  checkFrozen(input);
  checkSamples('forget', input.forget, network);
  if (input.heldOut !== undefined) checkSamples('heldOut', input.heldOut, network);
  if (mode === 'untrain' && input.heldOut === undefined) {
    throw LetheError.invalid(
      'heldOut',
      'none',
      'untrain needs labelled samples that were never trained on',
      'Register an evaluation set with the role stop, or use the mode misclassify.',
    );
  }
  if (mode === 'relabel') checkTargets(input);
  if (method.needsRetain) checkRetain(input, method);
  checkClasses(input);
}

function checkClasses(input: RoundInput): void {
  const { forgetClasses = [], forget, mode, network } = input;
  if (forgetClasses.length === 0) return;
  if (mode === 'untrain') {
    throw LetheError.invalid(
      'forgetClasses',
      String(forgetClasses),
      `a class is lost as a whole in misclassify or relabel, not in ${mode}`,
      'Use one of those, or forget the samples alone.',
    );
  }
  checkLabels('forgetClasses', Int32Array.from(forgetClasses), network);
  const absent = forgetClasses.find((label) => !forget.labels.includes(label));
  if (absent !== undefined) {
    throw LetheError.invalid(
      'forgetClasses',
      absent,
      'no sample of the class is in forget',
      'Give some of its samples.',
    );
  }
  if (mode === 'relabel') checkOneNewLabel(input, forgetClasses);
}

/** A class that is given another label as a whole is given one, and none that is given up itself. */
function checkOneNewLabel(
  { forget: { labels }, targetLabels = new Int32Array(0) }: RoundInput,
  forgetClasses: readonly number[],
): void {
  const wrong = targetLabels.findIndex(
    (target, i) =>
      forgetClasses.includes(labels[i] as number) &&
      (target !== targetLabels[labels.indexOf(labels[i] as number)] ||
        forgetClasses.includes(target)),
  );
  if (wrong < 0) return;
  throw LetheError.invalid(
    `targetLabels[${wrong}]`,
    targetLabels[wrong],
    `class ${labels[wrong]} is given another label as a whole, and this one is not the only one for it, or is given up itself`,
    'State one label for all of its samples, of a class that stays.',
  );
}

/**
 * @param lost classes that this round and earlier ones make the network lose
 * @throws LetheError `invalid` where no other is left for what is to be forgotten
 */
export function checkSomeLeft(
  lost: readonly number[],
  { forget, mode, network: { classCount } }: RoundInput,
): void {
  if (lost.length === 0) return;
  const left = Array.from({ length: classCount }, (_, label) => label).filter(
    (label) => !lost.includes(label),
  );
  if (left.length === 0) {
    throw LetheError.invalid(
      'forgetClasses',
      String(lost),
      `are, with those of earlier rounds, all ${classCount} classes of the network`,
      'Leave it one class at least; to be rid of all of them take the model out of service.',
    );
  }
  const stuck = forget.labels.findIndex((label) => left.length === 1 && label === left[0]);
  if (mode !== 'misclassify' || stuck < 0) return;
  throw LetheError.invalid(
    `forget.labels[${stuck}]`,
    left[0],
    'is the only class that the network has not lost: there is no other to take it for',
    'Use untrain.',
  );
}

function checkWeights(field: string, weights: readonly Float32Array[], { model }: Network): void {
  if (weights.length !== model.weights.length) {
    throw LetheError.invalid(
      field,
      `${weights.length} tensors`,
      `the network has ${model.weights.length}`,
      'Give the weights in the order of model.getWeights().',
    );
  }
  for (const [i, weight] of model.weights.entries()) {
    const size = weight.shape.reduce<number>((product, length) => product * (length ?? 1), 1);
    const values = weights[i] as Float32Array;
    if (values.length !== size) {
      throw LetheError.invalid(
        `${field}[${i}]`,
        `${values.length} values`,
        `${weight.originalName} has ${size}`,
        'Give the weights in the order of model.getWeights().',
      );
    }
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw LetheError.invalid(
        `${field}[${i}][${wrong}]`,
        String(values[wrong]),
        `${weight.originalName} holds a number that is not finite`,
        'Use an earlier save of the network.',
      );
    }
  }
}

/** Both networks are run with one set of weights that are not trainable. */
function checkFrozen({ network: { model }, weights, originalWeights }: RoundInput): void {
  for (let i = model.trainableWeights.length; i < weights.length; i++) {
    const original = originalWeights[i] as Float32Array;
    const wrong = (weights[i] as Float32Array).findIndex((value, j) => value !== original[j]);
    if (wrong < 0) continue;
    throw LetheError.invalid(
      `originalWeights[${i}][${wrong}]`,
      original[wrong],
      `${model.weights[i]?.originalName} is not trainable, and weights has another value`,
      'After retraining, give the retrained weights as the original ones too.',
    );
  }
}

function checkSamples(field: string, samples: LabelledSamples, network: Network): void {
  const { values, labels } = samples;
  const size = network.sampleShape.reduce((product, length) => product * length, 1);
  if (labels.length === 0) {
    throw LetheError.invalid(field, 'no samples', 'is empty', 'Give at least one sample.');
  }
  if (values.length !== labels.length * size) {
    throw LetheError.invalid(
      `${field}.values`,
      `${values.length} values`,
      `are not ${labels.length} samples of shape [${network.sampleShape}]`,
      'Give samples of the size the network was made for, one label for each.',
    );
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw LetheError.invalid(
      `${field}.values[${wrong}]`,
      String(values[wrong]),
      'is not a finite number',
      'Repair or leave out this sample.',
    );
  }
  checkLabels(`${field}.labels`, labels, network);
}

function checkRetain({ network, forget, retain }: RoundInput, { name }: Method): void {
  if (retain === undefined) {
    throw LetheError.invalid(
      'retain',
      'none',
      `the method ${name} learns on training samples that stay`,
      'Give some, or use a method that needs none: lethe, l2ul, ssd.',
    );
  }
  checkSamples('retain', retain, network);
  const forgotten = new SamplesSeen(forget.values.length / forget.labels.length);
  for (const i of forget.labels.keys()) forgotten.add(forget.values, i);
  for (const i of retain.labels.keys()) {
    const twin = forgotten.find(retain.values, i);
    if (twin === undefined) continue;
    throw LetheError.invalid(
      `retain[${i}]`,
      `the same as forget[${twin}]`,
      'what is to be forgotten would be learnt',
      'Leave forgotten samples out of those that stay.',
    );
  }
}

/** Finds samples again by their values, without a copy of them. */
class SamplesSeen {
  readonly #size: number;
  /** Rows by their hash, with the values that they are rows of. */
  readonly #rows = new Map<number, { readonly values: Float32Array; readonly row: number }[]>();

  /** @param size values of a sample */
  constructor(size: number) {
    this.#size = size;
  }

  add(values: Float32Array, row: number): void {
    const hash = hashOf(this.#sample(values, row));
    const alike = this.#rows.get(hash);
    if (alike === undefined) this.#rows.set(hash, [{ values, row }]);
    else alike.push({ values, row });
  }

  /** The first row that was added with the same values. */
  find(values: Float32Array, row: number): number | undefined {
    const own = this.#sample(values, row);
    return this.#rows
      .get(hashOf(own))
      ?.find((other) => this.#sample(other.values, other.row).every((value, j) => value === own[j]))
      ?.row;
  }

  #sample(values: Float32Array, row: number): Float32Array {
    return values.subarray(row * this.#size, (row + 1) * this.#size);
  }
}

/** FNV-1a over the values' bits, a value at a time. */
function hashOf(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let hash = 0x811c9dc5;
  for (const value of bits) hash = Math.imul(hash ^ value, 0x01000193);
  return hash;
}

function checkLabels(field: string, labels: Int32Array, { classCount }: Network): void {
  const wrong = labels.findIndex((label) => label < 0 || label >= classCount);
  if (wrong < 0) return;
  throw LetheError.invalid(
    `${field}[${wrong}]`,
    labels[wrong],
    'is no class of the network',
    `Use labels from 0 to ${classCount - 1}.`,
  );
}

function checkTargets({ network, forget, targetLabels }: RoundInput): void {
  if (targetLabels === undefined || targetLabels.length !== forget.labels.length) {
    throw LetheError.invalid(
      'targetLabels',
      targetLabels === undefined ? 'none' : `${targetLabels.length} labels`,
      `relabel needs one new label for each of ${forget.labels.length} samples`,
      'State the label that each sample should get.',
    );
  }
  checkLabels('targetLabels', targetLabels, network);
  const same = targetLabels.findIndex((label, i) => label === forget.labels[i]);
  if (same >= 0) {
    throw LetheError.invalid(
      `targetLabels[${same}]`,
      targetLabels[same],
      'is the label the sample already has',
      'State another label, or leave the sample out.',
    );
  }
  checkNoContradiction(forget, targetLabels);
}

/** The same sample twice, with two different new labels. */
function checkNoContradiction({ values }: LabelledSamples, targets: Int32Array): void {
  const seen = new SamplesSeen(values.length / targets.length);
  for (const [i, target] of targets.entries()) {
    const first = seen.find(values, i);
    if (first === undefined) seen.add(values, i);
    else if (targets[first] !== target) {
      throw LetheError.invalid(
        `targetLabels[${i}]`,
        target,
        `contradicts targetLabels[${first}] = ${targets[first]}, which is for the same sample`,
        'State one new label for each sample.',
      );
    }
  }
}
