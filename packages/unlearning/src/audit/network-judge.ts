import * as tf from '@tensorflow/tfjs';
import { accuracy } from '../measures/accuracy.ts';
import { classMatchedAuc } from '../measures/class-matched-auc.ts';
import { membershipScores } from '../measures/scores.ts';
import type { Accuracies } from '../measures/tug-of-war.ts';
import { scaledConfidence } from '../measures/u-lira.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { toNetworkInput } from '../network/network-input.ts';
import type { LabelledSamples, Network } from '../round.ts';

export interface JudgedSamples {
  readonly forget: LabelledSamples;
  readonly retain: LabelledSamples;
  readonly test: LabelledSamples;
}

export interface Judgement {
  readonly accuracies: Accuracies;
  /** AUC of the loss, forget against test samples of the same class; 0.5 is chance. */
  readonly membership: number;
  /** [k] log-odds of the label on each forget sample */
  readonly confidences: readonly number[];
}

/** Tells what networks of one kind know of the same samples. */
export class NetworkJudge {
  readonly #network: Network;
  readonly #samples: JudgedSamples;
  readonly #onBatch: (judged: number) => Promise<void>;
  #judged = 0;

  /** @param onBatch called between batches with how many networks are done; may throw */
  constructor(
    network: Network,
    samples: JudgedSamples,
    onBatch: (judged: number) => Promise<void>,
  ) {
    this.#network = network;
    this.#samples = samples;
    this.#onBatch = onBatch;
  }

  /** @param weights in the order of `model.getWeights()` */
  async judge(weights: readonly Float32Array[]): Promise<Judgement> {
    const { forget, retain, test } = this.#samples;
    const [ofForget, ofTest, ofRetain] = await this.#answers(weights, [forget, test, retain]);
    return {
      accuracies: {
        forget: ofForget.accuracy,
        retain: ofRetain.accuracy,
        test: ofTest.accuracy,
      },
      membership: classMatchedAuc(ofForget, ofTest).value,
      confidences: [...ofForget.scores].map(scaledConfidence),
    };
  }

  /** Of forget samples alone. */
  async confidences(weights: readonly Float32Array[]): Promise<readonly number[]> {
    const [ofForget] = await this.#answers(weights, [this.#samples.forget]);
    return [...ofForget.scores].map(scaledConfidence);
  }

  async #answers<const Sets extends readonly LabelledSamples[]>(
    weights: readonly Float32Array[],
    sets: Sets,
  ): Promise<{ [i in keyof Sets]: Answers }> {
    const { classCount, preprocessing, sampleShape } = this.#network;
    using f = new NetworkFunction(this.#network, weights);
    const theta = tf.tensor1d(f.flatten(weights));
    const answers: Answers[] = [];
    const onBatch = () => this.#onBatch(this.#judged);
    try {
      for (const { values, labels } of sets) {
        await onBatch();
        const input = toNetworkInput(values.slice(), preprocessing, sampleShape.at(-1) ?? 1);
        const logits = await f.evaluate(theta, input, { onBatch });
        const { loss: scores } = membershipScores(logits, labels, classCount);
        answers.push({ accuracy: accuracy(logits, labels, classCount), scores, labels });
      }
    } finally {
      theta.dispose();
    }
    this.#judged++;
    return answers as { [i in keyof Sets]: Answers };
  }
}

interface Answers {
  readonly accuracy: number;
  /** [n] loss of each sample */
  readonly scores: Float64Array | Float32Array;
  readonly labels: ArrayLike<number>;
}
