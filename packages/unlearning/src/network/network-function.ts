/**
 * A LayersModel as a function f(θ, x) of one flat vector of its trainable weights.
 *
 * Invariants:
 * 1. Evaluation mode, but for a gradient that asks for batch statistics. Running ones move only
 *    where `measureStatistics` is called.
 * 2. Other weights that are not trainable keep the values they had at the start.
 * 3. `dispose` gives the model back with the weights it came with.
 */
import * as tf from '@tensorflow/tfjs';
import type { Network } from '../round.ts';
import { hasBatchStatistics, measureStatistics, withBatchStatistics } from './batch-statistics.ts';

/** One trainable tensor's place in θ. */
export interface Segment {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** A type, not an interface: `tf.tidy` passes on only what has an index signature. */
export type Gradient = {
  readonly loss: tf.Scalar;
  /** [n, classes], of the same pass. */
  readonly logits: tf.Tensor2D;
  /** [parameters] */
  readonly gradient: tf.Tensor1D;
};

/** What batch normalisation normalises by: its running statistics, or those of the batch. */
export type Normalisation = 'running' | 'batch';

/** Models whose weights are lent out: two rounds on one at a time would use each other's. */
const lentModels = new WeakSet<tf.LayersModel>();

export class NetworkFunction implements Disposable {
  readonly network: Network;
  /** Length of θ. */
  readonly parameterCount: number;
  /** Where each trainable tensor lies in θ, in order. */
  readonly segments: readonly Segment[];
  readonly sampleSize: number;
  #weights: readonly Float32Array[];
  readonly #trainable: readonly tf.Variable[];
  readonly #lentWeights: readonly tf.Tensor[];
  #assigned: tf.Tensor1D | undefined;

  /**
   * @param weights in the order of `model.getWeights()`: trainable ones first
   * @throws Error where the model is in use already, RangeError for weights that are not its own
   */
  constructor(network: Network, weights: readonly Float32Array[]) {
    if (lentModels.has(network.model)) {
      throw new Error('This model is in use by another round: wait for that, or give it its own.');
    }
    const own = network.model.getWeights();
    for (const [i, { size }] of own.entries()) {
      const given = weights[i]?.length ?? 0;
      if (given !== size) throw new RangeError(`weight ${i} has ${given} values, not ${size}`);
    }
    lentModels.add(network.model);
    this.network = network;
    this.#weights = weights;
    this.#lentWeights = own.map((weight) => weight.clone());
    this.#trainable = network.model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    let end = 0;
    this.segments = this.#trainable.map(({ name, shape, size }) => {
      end += size;
      return { name, shape, from: end - size, to: end };
    });
    this.parameterCount = end;
    this.sampleSize = network.sampleShape.reduce((product, size) => product * size, 1);
    tf.tidy(() => {
      network.model.setWeights(
        own.map(({ shape }, i) => tf.tensor(weights[i] as Float32Array, shape)),
      );
    });
  }

  [Symbol.dispose](): void {
    this.network.model.setWeights([...this.#lentWeights]);
    tf.dispose([...this.#lentWeights]);
    lentModels.delete(this.network.model);
  }

  /** θ of a list of weights in the order of `model.getWeights()`. */
  flatten(weights: readonly Float32Array[]): Float32Array {
    const theta = new Float32Array(this.parameterCount);
    for (const [i, { from }] of this.segments.entries()) theta.set(weights[i] ?? [], from);
    return theta;
  }

  /** The way back; weights that are not trainable are those of the start, or as measured. */
  unflatten(theta: Float32Array): Float32Array[] {
    return this.#weights.map((values, i) => {
      const segment = this.segments[i];
      return segment === undefined ? values.slice() : theta.slice(segment.from, segment.to);
    });
  }

  /** Network input of n samples on the backend: [n, …sampleShape]. */
  tensorOf(input: Float32Array): tf.Tensor {
    return tf.tensor(input, [input.length / this.sampleSize, ...this.network.sampleShape]);
  }

  /** f(θ, x): [n, classes]. */
  logits(theta: tf.Tensor1D, input: tf.Tensor): tf.Tensor2D {
    this.#assign(theta);
    return tf.tidy(() => this.#apply(input));
  }

  /**
   * Logits of all samples on the host, row-major [n, classes], in batches.
   *
   * @param theta
   * @param input
   * @param batch samples at once
   * @param onBatch called between batches; may throw
   */
  async evaluate(
    theta: tf.Tensor1D,
    input: Float32Array,
    { batch = 256, onBatch }: { batch?: number; onBatch?: (() => Promise<void>) | undefined } = {},
  ): Promise<Float32Array> {
    const n = input.length / this.sampleSize;
    const result = new Float32Array(n * this.network.classCount);
    for (let from = 0; from < n; from += batch) {
      if (from > 0) await onBatch?.();
      const part = input.subarray(from * this.sampleSize, (from + batch) * this.sampleSize);
      const logits = tf.tidy(() => this.logits(theta, this.tensorOf(part)));
      result.set(await logits.data<'float32'>(), from * this.network.classCount);
      logits.dispose();
    }
    return result;
  }

  /** ℓ(f(θ, x)), f(θ, x) and ∂ℓ/∂θ. */
  gradient(
    theta: tf.Tensor1D,
    input: tf.Tensor,
    loss: (logits: tf.Tensor2D) => tf.Scalar,
    normalisation: Normalisation = 'running',
  ): Gradient {
    this.#assign(theta);
    let logits: tf.Tensor2D | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const apply = () => this.#apply(input);
      const output =
        normalisation === 'batch' ? withBatchStatistics(this.network.model, apply) : apply();
      logits = tf.keep(output.clone());
      return loss(output);
    }, [...this.#trainable]);
    const gradient = tf.tidy(() =>
      tf.concat1d(this.#trainable.map((v) => (grads[v.name] ?? tf.zerosLike(v)).flatten())),
    );
    // Kept tensors outlive every tidy; a clone belongs to the caller's.
    const kept = logits as tf.Tensor2D;
    const ownLogits = kept.clone();
    kept.dispose();
    tf.dispose(grads);
    return { loss: value, logits: ownLogits, gradient };
  }

  /** Does it normalise by batches in training? */
  get hasBatchStatistics(): boolean {
    return hasBatchStatistics(this.network.model);
  }

  /**
   * Sets the running statistics of batch normalisation to those of the given samples under θ, for
   * all that follows and for `unflatten` (`measureStatistics`).
   *
   * @param batches network input, [n, …sampleShape] each; disposed of when done with
   */
  async measureStatistics(theta: tf.Tensor1D, batches: AsyncIterable<tf.Tensor>): Promise<void> {
    const { model } = this.network;
    this.#assign(theta);
    await measureStatistics(model, batches);
    const frozen = model.getWeights().slice(this.segments.length);
    const values = await Promise.all(frozen.map((weight) => weight.data<'float32'>()));
    this.#weights = [
      ...this.#weights.slice(0, this.segments.length),
      ...values.map((each) => each.slice()),
    ];
  }

  #apply(input: tf.Tensor): tf.Tensor2D {
    return this.network.model.apply(input, { training: false }) as tf.Tensor2D;
  }

  #assign(theta: tf.Tensor1D): void {
    if (this.#assigned === theta) return;
    this.#assigned = theta;
    tf.tidy(() => {
      const parts = tf.split(
        theta,
        this.segments.map(({ from, to }) => to - from),
      );
      for (const [i, variable] of this.#trainable.entries()) {
        variable.assign((parts[i] as tf.Tensor1D).reshape(variable.shape));
      }
    });
  }
}
